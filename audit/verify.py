"""Offline verification of the audit log: pure, needs no Django."""

from audit.models.log import AuditEvent, Checkpoint

__all__ = ["AuditEvent", "Checkpoint"]

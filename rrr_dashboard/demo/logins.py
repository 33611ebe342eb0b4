"""Who the demo has: login, role, the name that pages show. Pure, for the settings."""

from __future__ import annotations

LOGINS: tuple[tuple[str, str, str], ...] = (
    ("trader", "Trader", "Tamsin Trader"),
    ("trader2", "Trader", "Tobias Trader"),
    ("developer", "Developer", "Devi Developer"),
    ("security", "Security Engineer", "Selma Security"),
    ("devops", "DevOps Engineer", "Dorian DevOps"),
    ("lead", "Technical Lead", "Lena Lead"),
    ("owner", "Product Owner", "Omar Owner"),
    ("operator", "Operator", "Olga Operator"),
    ("viewer", "Viewer", "Vito Viewer"),
    ("admin", "Administrator", "Ada Administrator"),
)

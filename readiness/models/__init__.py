"""Django finds an app's models here only."""

from readiness.models.evidence import Confirmation, Evidence, Standing
from readiness.models.lifecycle import FollowUp, ReviewNote, Transition
from readiness.models.reviews import (
    Comment,
    EndedWaiver,
    NotApplicable,
    Review,
    ReviewItem,
    Waiver,
)
from readiness.models.signoffs import Signoff, VoidNotice
from readiness.models.templates import (
    Check,
    Field,
    Item,
    Section,
    SignoffPolicy,
    Step,
    Template,
    TemplateVersion,
)

__all__ = [
    "Check",
    "Comment",
    "Confirmation",
    "EndedWaiver",
    "Evidence",
    "Field",
    "FollowUp",
    "Item",
    "NotApplicable",
    "Review",
    "ReviewItem",
    "ReviewNote",
    "Section",
    "Signoff",
    "SignoffPolicy",
    "Standing",
    "Step",
    "Template",
    "TemplateVersion",
    "Transition",
    "VoidNotice",
    "Waiver",
]

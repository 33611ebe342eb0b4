from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from readiness.api import attestations as attestations_api
from readiness.api import documents as documents_api
from readiness.api import downloads as downloads_api
from readiness.api import exemptions as exemptions_api
from readiness.api import items as items_api
from readiness.api import lifecycle as lifecycle_api
from readiness.api import reviews as reviews_api
from readiness.api import signing as signing_api
from readiness.api import templates as templates_api
from readiness.api import work as work_api
from readiness.views import (
    exemptions,
    files,
    items,
    lifecycle,
    reviews,
    signing,
    templates,
    work,
)

app_name = "readiness"
REVIEW = "readiness/reviews/<uuid:review>/"
ITEM = f"{REVIEW}items/<number:item>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("readiness/", reviews.index, name="index"),
    path("readiness/reviews/reviews.csv", files.reviews_csv, name="reviews-file"),
    path("readiness/reviews/new/", reviews.new, name="new-review"),
    path(REVIEW, reviews.review, name="review"),
    path(f"{REVIEW}collect/", reviews.collect, name="collect-review"),
    path(f"{REVIEW}sign/", signing.sign_page, name="sign"),
    path(f"{REVIEW}verify/", signing.verify_page, name="verify"),
    path(f"{REVIEW}lifecycle/", lifecycle.page, name="lifecycle"),
    path(f"{REVIEW}lines/", work.lines, name="lines"),
    path(f"{REVIEW}lines/lines.csv", files.lines_csv, name="lines-file"),
    path(f"{REVIEW}lines/work/", work.work, name="work-lines"),
    path(f"{REVIEW}sections/", work.own, name="own-section"),
    path(f"{REVIEW}diff/", work.diff, name="diff"),
    path(f"{REVIEW}diff/changes.csv", files.changes_csv, name="changes-file"),
    path(f"{REVIEW}notes/", work.write_note, name="write-note"),
    path(
        f"{REVIEW}notes/<number:note>/resolve/", work.resolve_note, name="resolve-note"
    ),
    path(f"{REVIEW}deploy/", lifecycle.deploy, name="deploy-review"),
    path(f"{REVIEW}abort/", lifecycle.abort, name="abort-review"),
    path(f"{REVIEW}invalidate/", lifecycle.invalidate, name="invalidate-review"),
    path(f"{REVIEW}next-review/", lifecycle.plan, name="plan-review"),
    path(
        f"{REVIEW}follow-ups/<number:follow_up>/",
        lifecycle.answer,
        name="answer-follow-up",
    ),
    path(ITEM, items.item, name="item"),
    path(f"{ITEM}claim/", items.claim, name="claim-item"),
    path(f"{ITEM}run/", items.run, name="run-item"),
    path(f"{ITEM}restore/", items.restore, name="restore-item"),
    path(f"{ITEM}fields/", items.fill, name="fill-item"),
    path(f"{ITEM}comments/", items.say, name="comment-item"),
    path(f"{ITEM}evidence/", items.add_evidence, name="file-evidence"),
    path(
        f"{ITEM}evidence/<number:evidence>/confirm/",
        items.confirm,
        name="confirm-evidence",
    ),
    path(f"{ITEM}evidence/<number:evidence>/file/", items.blob, name="evidence-blob"),
    path(f"{ITEM}waivers/", exemptions.ask_waiver, name="ask-waiver"),
    path(
        f"{ITEM}not-applicable/",
        exemptions.ask_not_applicable,
        name="ask-not-applicable",
    ),
    path(
        f"{ITEM}waivers/<number:exemption>/decide/",
        exemptions.decide_waiver,
        name="decide-waiver",
    ),
    path(
        f"{ITEM}not-applicable/<number:exemption>/decide/",
        exemptions.decide_not_applicable,
        name="decide-not-applicable",
    ),
    path("readiness/templates/", templates.templates, name="templates"),
    path(
        "readiness/templates/checklists.csv", files.versions_csv, name="versions-file"
    ),
    path("readiness/templates/import/", templates.upload, name="import-template"),
    path(
        "readiness/templates/builtin/", templates.take_builtin, name="builtin-template"
    ),
    path(
        "readiness/templates/versions/<number:pk>/",
        templates.version,
        name="template-version",
    ),
    path(
        "readiness/templates/versions/<number:pk>/decide/",
        templates.decide,
        name="decide-template",
    ),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("readiness/reviews", reviews_api.Reviews.as_view(), name="reviews"),
    path(
        "readiness/reviews/<uuid:review>",
        reviews_api.OneReview.as_view(),
        name="review",
    ),
    path(
        "readiness/reviews/<uuid:review>/items",
        reviews_api.Items.as_view(),
        name="items",
    ),
    path(
        "readiness/reviews/<uuid:review>/statement",
        signing_api.ReviewStatement.as_view(),
        name="statement",
    ),
    path(
        "readiness/reviews/<uuid:review>/sign",
        signing_api.ReviewSignature.as_view(),
        name="sign",
    ),
    path(
        "readiness/reviews/<uuid:review>/signoffs",
        signing_api.ReviewSignoffs.as_view(),
        name="signoffs",
    ),
    path(
        "readiness/deployments",
        lifecycle_api.Deployments.as_view(),
        name="deployments",
    ),
    path(
        "readiness/reviews/<uuid:review>/lifecycle",
        lifecycle_api.ReviewLifecycle.as_view(),
        name="lifecycle",
    ),
    path(
        "readiness/reviews/<uuid:review>/abort",
        lifecycle_api.ReviewAbortion.as_view(),
        name="abort-review",
    ),
    path(
        "readiness/reviews/<uuid:review>/invalidate",
        lifecycle_api.ReviewInvalidation.as_view(),
        name="invalidate-review",
    ),
    path(
        "readiness/reviews/<uuid:review>/next-review",
        lifecycle_api.NextReview.as_view(),
        name="plan-review",
    ),
    path(
        "readiness/follow-ups/<number:follow_up>/done",
        lifecycle_api.FollowUpDone.as_view(),
        name="answer-follow-up",
    ),
    path(
        "readiness/signoffs/<uuid:signoff>/envelope",
        downloads_api.SignoffEnvelope.as_view(),
        name="envelope",
    ),
    path(
        "readiness/signoffs/<uuid:signoff>/claims",
        downloads_api.SignoffClaims.as_view(),
        name="signed-claims",
    ),
    path(
        "readiness/signoffs/<uuid:signoff>/proof",
        downloads_api.SignoffProof.as_view(),
        name="signoff-proof",
    ),
    path(
        "readiness/signoffs/<uuid:signoff>/key",
        downloads_api.SignoffKey.as_view(),
        name="signoff-key",
    ),
    path("readiness/items/<number:item>", items_api.OneItem.as_view(), name="item"),
    path(
        "readiness/items/<number:item>/claim",
        items_api.ItemClaim.as_view(),
        name="claim-item",
    ),
    path(
        "readiness/items/<number:item>/restore",
        items_api.ItemRestore.as_view(),
        name="restore-item",
    ),
    path(
        "readiness/items/<number:item>/run",
        items_api.ItemRun.as_view(),
        name="run-item",
    ),
    path(
        "readiness/items/<number:item>/evidence",
        items_api.ItemEvidence.as_view(),
        name="file-evidence",
    ),
    path(
        "readiness/items/<number:item>/evidence/<number:evidence>/confirm",
        items_api.EvidenceConfirmation.as_view(),
        name="confirm-evidence",
    ),
    path(
        "readiness/items/<number:item>/waivers",
        exemptions_api.ItemWaivers.as_view(),
        name="item-waivers",
    ),
    path(
        "readiness/waivers/<number:waiver>/approve",
        exemptions_api.WaiverApproval.as_view(),
        name="approve-waiver",
    ),
    path(
        "readiness/waivers/<number:waiver>/revoke",
        exemptions_api.WaiverRevocation.as_view(),
        name="revoke-waiver",
    ),
    path(
        "readiness/items/<number:item>/not-applicable",
        exemptions_api.ItemNotApplicable.as_view(),
        name="item-not-applicable",
    ),
    path(
        "readiness/not-applicable/<number:exemption>/approve",
        exemptions_api.NotApplicableApproval.as_view(),
        name="approve-not-applicable",
    ),
    path(
        "readiness/not-applicable/<number:exemption>/revoke",
        exemptions_api.NotApplicableRevocation.as_view(),
        name="revoke-not-applicable",
    ),
    path(
        "readiness/attestations",
        attestations_api.Attestations.as_view(),
        name="attestations",
    ),
    path(
        "readiness/items/<number:item>/comments",
        items_api.ItemComments.as_view(),
        name="comment-item",
    ),
    path(
        "readiness/reviews/<uuid:review>/markdown",
        templates_api.ReviewMarkdown.as_view(),
        name="review-markdown",
    ),
    path(
        "readiness/reviews/<uuid:review>/claims",
        work_api.ReviewClaims.as_view(),
        name="claim-items",
    ),
    path(
        "readiness/items/<number:item>/assign",
        work_api.ItemAssignment.as_view(),
        name="assign-item",
    ),
    path(
        "readiness/reviews/<uuid:review>/sections",
        work_api.ReviewSections.as_view(),
        name="review-sections",
    ),
    path(
        "readiness/reviews/<uuid:review>/diff",
        work_api.ReviewDifferences.as_view(),
        name="review-diff",
    ),
    path(
        "readiness/reviews/<uuid:review>/notes",
        work_api.ReviewNotes.as_view(),
        name="review-notes",
    ),
    path(
        "readiness/notes/<number:note>/resolve",
        work_api.NoteResolution.as_view(),
        name="resolve-note",
    ),
    path(
        "readiness/reviews/<uuid:review>/pdf",
        documents_api.ReviewPdf.as_view(),
        name="review-pdf",
    ),
    path("readiness/templates", templates_api.Templates.as_view(), name="templates"),
    path(
        "readiness/templates/import",
        templates_api.TemplateImport.as_view(),
        name="import-template",
    ),
    path(
        "readiness/templates/<number:template>/publish",
        templates_api.TemplatePublication.as_view(),
        name="publish-template",
    ),
    path(
        "readiness/templates/<number:template>/versions/<number:number>/markdown",
        templates_api.TemplateMarkdown.as_view(),
        name="template-markdown",
    ),
]

"""The pages of a file: choosing it, following it, booking it or giving it up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.cache import tag
from kernel.display import plural
from kernel.errors import ProductError
from kernel.requests import PersonRequest
from kernel.uploads import IMPORT_BYTES, takes_upload
from kernel.web import not_modified, page_or_fragment
from trades.answers.imports import ImportAnswer
from trades.domain.importing import FORMATS
from trades.forms.imports import ColumnsForm, ConsentForm, ImportForm, UndoForm
from trades.models import ImportBatch
from trades.queries.books import own_books
from trades.queries.imports import imports_page, may_cancel, users_of_lots
from trades.services import imports
from trades.services.previewing import Consent, check_size
from trades.services.pruning import KEPT
from trades.services.staging import is_small, report_on, staged, tag_of
from trades.services.undoing import undo

PARTS = {"import": "trades/parts/import.html"}
State = ImportBatch.State
RECENT = 10
TICKED_ONE_BY_ONE = 20


@takes_upload(IMPORT_BYTES)
@access("trading.own", objects="own books")
def upload(request: PersonRequest) -> HttpResponse:
    """Choose a file; it is kept and looked at before anything is booked."""
    posted = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
    problem: ProductError | None = None
    if posted and form.is_valid():
        try:
            check_size(form.upload.size or 0)
            return redirect("trades:import-batch", _kept(form, request).pk)
        except ProductError as error:
            problem = error
    context = {
        "form": form,
        "problem": problem,
        "own_books": list(own_books(request.user)),
        "recent": imports_page(request.user, limit=RECENT).rows,
    }
    failed = posted and (problem is not None or not form.is_valid())
    return render(request, "trades/import.html", context, status=422 if failed else 200)


def _kept(form: ImportForm, request: PersonRequest) -> ImportBatch:
    if is_small(form.upload):
        return imports.stage(form.source(), request.user)
    source = form.source(read=False)
    chunks = form.upload.chunks()
    return imports.submit(source, chunks, request.user, Consent(), dry_run=True)


@require_safe
@access("trading.own", objects="own imports")
def import_batch(request: PersonRequest, pk: UUID) -> HttpResponse:
    """How far a file is, and what it says; a poll gets a 304 until that changes."""
    batch = staged(pk, request.user)
    unchanged = not_modified(request, f"{tag(tag_of(batch))}-{request.user.pk}")
    return unchanged or _page(request, batch)


@require_POST
@access("trading.own", objects="own imports")
def commit_import(request: PersonRequest, pk: UUID) -> HttpResponse:
    batch = staged(pk, request.user)
    try:
        form = ConsentForm(len(report_on(batch).differences), request.POST)
        form.check()
        imports.commit(batch, request.user, form.consent())
    except ProductError as error:
        return _refused(request, batch, error)
    if batch.state == State.BOOKED:
        messages.success(
            request,
            f"Booked {plural(batch.new, 'trade or transfer', 'trades and transfers')} in "
            f"{batch.book_name}; known already: {batch.duplicates:,}.",
        )
    return redirect("trades:import-batch", pk)


@require_POST
@access("trading.own", objects="own imports")
def cancel_import(request: PersonRequest, pk: UUID) -> HttpResponse:
    batch = staged(pk, request.user)
    try:
        imports.cancel(batch)
    except ProductError as error:
        return _refused(request, batch, error)
    if batch.state == State.BOOKED:
        messages.success(request, f"{batch.file_name} stays booked.")
    else:
        messages.success(
            request, f"{batch.file_name} was given up. Nothing was booked."
        )
    return redirect("trades:import-batch", pk)


@require_POST
@access("trading.own", objects="own imports")
def undo_import(request: PersonRequest, pk: UUID) -> HttpResponse:
    batch = staged(pk, request.user)
    try:
        reason = UndoForm(request.POST).check()["reason"]
        undo(batch, reason, request.user)
    except ProductError as error:
        return _refused(request, batch, error)
    if batch.state == State.UNDONE:
        messages.success(request, f"{batch.file_name} is undone: nothing of it counts.")
    return redirect("trades:import-batch", pk)


@require_POST
@access("trading.own", objects="own imports")
def name_import_columns(request: PersonRequest, pk: UUID) -> HttpResponse:
    batch = staged(pk, request.user)
    form = ColumnsForm(report_on(batch).columns, request.POST)
    try:
        form.check()
        imports.name_columns(batch, form.mapping(), request.user)
    except ProductError as error:
        return _refused(request, batch, error, form)
    return redirect("trades:import-batch", pk)


def _refused(
    request: HttpRequest,
    batch: ImportBatch,
    problem: ProductError,
    form: ColumnsForm | None = None,
) -> HttpResponse:
    batch.refresh_from_db()
    return _page(request, batch, problem, form)


def _page(
    request: HttpRequest,
    batch: ImportBatch,
    problem: ProductError | None = None,
    form: ColumnsForm | None = None,
) -> HttpResponse:
    report = ImportAnswer.of_batch(batch)
    booked = batch.state == State.BOOKED
    context: dict[str, Any] = {
        "batch": batch,
        "report": report,
        "format": FORMATS.get(report.format, ""),
        "problem": problem,
        "working": batch.state in ImportBatch.WORKING,
        "may_cancel": may_cancel(batch),
        "undo_form": UndoForm() if booked else None,
        "users": users_of_lots(batch) if booked else None,
        "kept_until": batch.created_at + KEPT,
        "columns_form": form or _columns_form(batch),
        "tick_each": len(report.differences) <= TICKED_ONE_BY_ONE,
    }
    status = problem.status if problem else 200
    return page_or_fragment(
        request, "trades/import_batch.html", PARTS, context, status=status
    )


def _columns_form(batch: ImportBatch) -> ColumnsForm | None:
    """Names can be given to the columns of a table of our own kind until it is
    booked."""
    report = report_on(batch)
    waits = batch.state in (State.PREVIEW, State.FAILED)
    named = waits and report.format == "own" and report.columns
    return ColumnsForm(report.columns) if named else None

"""The orders of the year and their documents, numbered in order of time."""

import datetime as dt
from typing import Any

from siteloop.foundation.authority.demo import WHY
from siteloop.foundation.documents import catalogue, store
from siteloop.foundation.documents.models import Document, DocumentDelivery
from siteloop.foundation.registry.models import PostKind, ProjectPost
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import documents
from siteloop.systems.inspection.demo.story import Story
from siteloop.systems.inspection.demo.year import Year
from siteloop.systems.inspection.models import (
    Inspection,
    Order,
    OrderState,
)


def ordered(year: Year, stories: list[Story], inspections: list[Inspection]) -> None:
    """The orders themselves; transfers come after, with orders of their own."""
    for s, inspection in zip(stories, inspections, strict=True):
        s.order = Order(
            measure=year.measures[s.code],
            inspection=inspection,
            project=s.site.project,
            site=s.site,
            region_code=s.site.region_code,
            authority=year.body,
            addressee=year.contractors[s.site.project_id],
            part=f"{year.dice.randrange(1, 6)}号楼作业面" if s.code == "stop_partial" else "",
            items=s.items,
            issued_at=s.at,
            issued_by=year.dice.choice(year.people),
            state=OrderState.CLOSED
            if s.closed_at
            else OrderState.REPLIED
            if s.replied_at
            else OrderState.OPEN,
            colour=s.colour,
            closed_at=s.closed_at,
        )
    Order.objects.bulk_create([s.order for s in stories], batch_size=500)


def printed(year: Year, stories: list[Story]) -> None:
    """Numbered in order of time; what was passed after a stop has its resume order."""
    papers: list[tuple[str, dt.datetime, Order]] = []
    for s in stories:
        papers.append((year.measures[s.code].document_kind, s.at, s.order))
    made = issued(year, papers)
    for s, document in zip(stories, made, strict=True):
        s.order.document, s.order.number = document, document.number
    resumed = [s for s in stories if s.closed_at and s.code != "rectify"]
    resumed.sort(key=lambda s: s.closed_at or s.at)
    for s, document in zip(
        resumed,
        issued(year, [("inspection.resume", s.closed_at or s.at, s.order) for s in resumed]),
        strict=True,
    ):
        s.order.resume_document = document
    Order.objects.unscoped(WHY).bulk_update(
        [s.order for s in stories], ["document", "number", "resume_document"], batch_size=500
    )


def issued(year: Year, wanted: list[tuple[str, dt.datetime, Order]]) -> list[Document]:
    """Documents with their numbers, in the order given, and their delivery to the project's people."""
    serials: dict[tuple[str, int], Any] = {}
    for kind, at, _ in wanted:
        key = (catalogue.get(kind).word, at.astimezone(SHANGHAI).year)
        serials[key] = serials.get(key, 0) + 1
    ranges = {
        key: iter(store.take_numbers(year.body, key[0], key[1], count)) for key, count in serials.items()
    }
    rows = [
        store.drafted(
            catalogue.get(kind),
            documents.composed(kind, order),
            next(ranges[catalogue.get(kind).word, at.astimezone(SHANGHAI).year]),
            authority=year.body,
            region_code=order.region_code,
            issued_at=at,
            project=order.project,
            subject=order,
            issued_by=order.issued_by_id,
            pattern=year.pattern,
        )
        for kind, at, order in wanted
    ]
    made = Document.objects.bulk_create(rows, batch_size=500)
    DocumentDelivery.objects.bulk_create(
        [delivery_of(year, d, post) for d in made for post in receivers_of(year, d)], batch_size=1000
    )
    return made


def receivers_of(year: Year, document: Document) -> list[ProjectPost]:
    """The project's manager, of whom the county has an account."""
    held = year.posts.get(document.project_id or 0, [])
    return [p for p in held if p.kind == PostKind.PROJECT_MANAGER and p.account_id is not None][:1]


def delivery_of(year: Year, document: Document, post: ProjectPost) -> DocumentDelivery:
    """Signed for within the day, unless it was given today."""
    received = document.issued_at + dt.timedelta(hours=year.dice.uniform(0.3, 20))
    is_received = received < year.now - dt.timedelta(hours=12)
    return DocumentDelivery(
        document=document,
        title="项目经理",
        organisation=post.organisation,
        account=post.account,
        sent_at=document.issued_at,
        opened_at=received if is_received else None,
        received_at=received if is_received else None,
        receipt="平台签收（演示）" if is_received else "",
    )

"""Check tables, inspections, orders and penalties."""

from siteloop.systems.inspection.models.measures import Measure, MeasureKind
from siteloop.systems.inspection.models.orders import Extension, Order, OrderState, Reply
from siteloop.systems.inspection.models.penalties import Penalty, PenaltyState, Proof, ProofKind
from siteloop.systems.inspection.models.tables import CheckItem, CheckTable, Method
from siteloop.systems.inspection.models.visits import (
    AUTHORITIES,
    LEAST_INSPECTORS,
    OF_PROJECT,
    Inspection,
    InspectionKind,
    InspectionLine,
    InspectionMaterial,
    InspectionState,
    LineResult,
    MaterialKind,
)

__all__ = (
    "AUTHORITIES",
    "LEAST_INSPECTORS",
    "OF_PROJECT",
    "CheckItem",
    "CheckTable",
    "Extension",
    "Inspection",
    "InspectionKind",
    "InspectionLine",
    "InspectionMaterial",
    "InspectionState",
    "LineResult",
    "MaterialKind",
    "Measure",
    "MeasureKind",
    "Method",
    "Order",
    "OrderState",
    "Penalty",
    "PenaltyState",
    "Proof",
    "ProofKind",
    "Reply",
)

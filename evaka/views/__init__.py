"""The menus, by hand: the table of contents of the product.

MENU lists the screens of the office and GUARDIAN those of the guardians' own pages, as (feature, screen, model);
a page that is not about one kind of row has no model.  MENU_GROUPS and GUARDIAN_TABS say how they are shown:
(word, endpoint, permission, counter).  Counters, and who is shown an entry of SHOWN, are selects of one value, which
the menu asks all together.
"""

from __future__ import annotations

from typing import Any

from evaka.models.application import Application, Preference
from evaka.models.assistance import (
    AssistanceAction,
    AssistanceFactor,
    DaycareAssistance,
    OtherMeasure,
    PreschoolAssistance,
    VoucherCoefficient,
)
from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.backup_care import BackupCare
from evaka.models.booking import ServiceTimes
from evaka.models.calendar import Closure
from evaka.models.calendar.event import DiscussionTime, Event
from evaka.models.calendar.holiday_period import HolidayPeriod, Questionnaire
from evaka.models.city import CityTable
from evaka.models.decision import Decision
from evaka.models.decision.claim import Claim
from evaka.models.decision.dispatch import Dispatch
from evaka.models.decision.sending import Sending, SendingItem
from evaka.models.document import Document
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent, Email, JobRun
from evaka.models.ledger import Batch
from evaka.models.message import Thread
from evaka.models.person import FamilyConflict, Person
from evaka.models.placement import Placement, PlacementPlan
from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.models.presence import Device, Presence
from evaka.models.staff import Shift, StaffPresence
from evaka.models.suggestion import SuggestedPlace, Suggestion
from evaka.models.unit import Area, Caretakers, Group, Unit
from evaka.models.user import Grant, User
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision, VoucherMonth, VoucherRow
from evaka.views.application import ApplicationScreen
from evaka.views.application.imported import ApplicationImport
from evaka.views.application.mine import MyApplications
from evaka.views.application.wish import WishScreen
from evaka.views.assistance import (
    ActionScreen,
    CoefficientScreen,
    DaycareScreen,
    FactorScreen,
    MeasureScreen,
    PreschoolScreen,
)
from evaka.views.attendance import AttendanceScreen, MyAbsences
from evaka.views.attendance.application import LeaveScreen, MyLeave, leave_waiting
from evaka.views.backup_care import BackupCareScreen
from evaka.views.booking import BookingBoard, MyCalendar, TimesScreen, books, tells_only
from evaka.views.calendar import ClosureScreen
from evaka.views.calendar.event import EventScreen, MyEvents, TimeScreen
from evaka.views.calendar.holiday_period import HolidayScreen, MyQuestions, QuestionnaireScreen
from evaka.views.city import CityTables, CityVersionScreen, Rights, open_changes
from evaka.views.decision import DecisionScreen, MyDecisions
from evaka.views.decision.claim import ClaimScreen
from evaka.views.decision.dispatch import DispatchScreen
from evaka.views.decision.sending import SendingItemScreen, SendingScreen
from evaka.views.document import DocumentScreen
from evaka.views.fee import AlterationScreen, FeeScreen, MyFees
from evaka.views.forecast import Forecast
from evaka.views.income import IncomeScreen
from evaka.views.income.calculator import Calculator
from evaka.views.income.mine import MyStatements
from evaka.views.income.statement import StatementScreen, statements_waiting
from evaka.views.index_day import FamilyScreen, IndexDayScreen
from evaka.views.invoice import InvoiceScreen, MyInvoices
from evaka.views.journal import AuditScreen, MailScreen, RunScreen, given_up
from evaka.views.ledger import LedgerScreen
from evaka.views.message import (
    MessageScreen,
    MyMessages,
    unread,
    unread_mine,
    writes_with_families,
    writes_with_groups,
)
from evaka.views.own import MyChildren, MyFeed, MyOwn
from evaka.views.person import ConflictScreen, PersonScreen, open_conflicts
from evaka.views.person.data import PersonalData, Retention
from evaka.views.person.duplicates import Duplicates
from evaka.views.placement import (
    MyNeedChanges,
    MyPlacements,
    MyTerminations,
    NeedChangeScreen,
    OccupancyPage,
    PlacementDesk,
    PlacementScreen,
    ProposalScreen,
    TerminationScreen,
)
from evaka.views.presence import DeviceScreen, PresenceScreen
from evaka.views.proof import Proofs
from evaka.views.push import MyPush
from evaka.views.report import Report
from evaka.views.search import Search
from evaka.views.staff import ShiftScreen, StaffScreen
from evaka.views.suggestion import PlaceScreen, SuggestionScreen
from evaka.views.unit import AreaScreen, CaretakersScreen, GroupScreen, UnitScreen
from evaka.views.user import GrantScreen, UserScreen
from evaka.views.voucher import (
    MyVouchers,
    PayeeScreen,
    PaymentScreen,
    ReportRowScreen,
    ReportScreen,
    VoucherScreen,
)

MENU: list[tuple[str, Any, Any]] = [
    ("search", Search, None),
    ("person", PersonScreen, Person),
    ("conflict", ConflictScreen, FamilyConflict),
    ("duplicates", Duplicates, None),
    ("personal_data", PersonalData, None),
    ("retention", Retention, None),
    ("unit", UnitScreen, Unit),
    ("group", GroupScreen, Group),
    ("area", AreaScreen, Area),
    ("caretakers", CaretakersScreen, Caretakers),
    ("closure", ClosureScreen, Closure),
    ("holiday_period", HolidayScreen, HolidayPeriod),
    ("questionnaire", QuestionnaireScreen, Questionnaire),
    ("event", EventScreen, Event),
    ("discussion_time", TimeScreen, DiscussionTime),
    ("application", ApplicationScreen, Application),
    ("application_import", ApplicationImport, None),
    ("desk", PlacementDesk, None),
    ("occupancy", OccupancyPage, None),
    ("suggestion", SuggestionScreen, Suggestion),
    ("suggested_place", PlaceScreen, SuggestedPlace),
    ("wish", WishScreen, Preference),
    ("proposal", ProposalScreen, PlacementPlan),
    ("decision", DecisionScreen, Decision),
    ("sending", SendingScreen, Sending),
    ("sending_item", SendingItemScreen, SendingItem),
    ("dispatch", DispatchScreen, Dispatch),
    ("claim", ClaimScreen, Claim),
    ("placement", PlacementScreen, Placement),
    ("booking", BookingBoard, None),
    ("times", TimesScreen, ServiceTimes),
    ("backup_care", BackupCareScreen, BackupCare),
    ("termination", TerminationScreen, Termination),
    ("need_change", NeedChangeScreen, NeedChange),
    ("attendance", AttendanceScreen, Absence),
    ("absence_application", LeaveScreen, AbsenceApplication),
    ("presence", PresenceScreen, Presence),
    ("device", DeviceScreen, Device),
    ("staff", StaffScreen, StaffPresence),
    ("shift", ShiftScreen, Shift),
    ("forecast", Forecast, None),
    ("report", Report, None),
    ("proof", Proofs, None),
    ("daycare_assistance", DaycareScreen, DaycareAssistance),
    ("preschool_assistance", PreschoolScreen, PreschoolAssistance),
    ("assistance_factor", FactorScreen, AssistanceFactor),
    ("assistance_action", ActionScreen, AssistanceAction),
    ("other_measure", MeasureScreen, OtherMeasure),
    ("voucher_coefficient", CoefficientScreen, VoucherCoefficient),
    ("income", IncomeScreen, Income),
    ("statement", StatementScreen, IncomeStatement),
    ("calculator", Calculator, None),
    ("fee", FeeScreen, FeeDecision),
    ("alteration", AlterationScreen, FeeAlteration),
    ("index_day", IndexDayScreen, IndexDay),
    ("index_day_family", FamilyScreen, IndexDayFamily),
    ("voucher", VoucherScreen, VoucherDecision),
    ("voucher_report", ReportScreen, VoucherMonth),
    ("voucher_row", ReportRowScreen, VoucherRow),
    ("payment", PaymentScreen, Payment),
    ("payee", PayeeScreen, UnitPayee),
    ("invoice", InvoiceScreen, Invoice),
    ("ledger", LedgerScreen, Batch),
    ("message", MessageScreen, Thread),
    ("document", DocumentScreen, Document),
    ("users", UserScreen, User),
    ("grant", GrantScreen, Grant),
    ("rights", Rights, None),
    ("city", CityTables, None),
    ("city_version", CityVersionScreen, CityTable),
    ("job", RunScreen, JobRun),
    ("mail", MailScreen, Email),
    ("journal", AuditScreen, AuditEvent),
]
MENU_GROUPS: list[tuple[str, list[tuple[str, str, str, Any]]]] = [
    ("start", [("home", "office.index", "office.view", None)]),
    ("children", [
        ("person", "person.index_view", "person.view", None),
        ("conflict", "conflict.index_view", "person.conflicts", open_conflicts),
        ("duplicates", "duplicates.index", "person.tell_apart", None),
        ("placement", "placement.index_view", "placement.view", None),
        ("backup_care", "backup_care.index_view", "backup_care.view", None),
        ("termination", "termination.index_view", "termination.view", None),
        ("need_change", "need_change.index_view", "need_change.view", None),
        ("assistance", "daycare_assistance.index_view", "assistance.view", None),
        ("unit", "unit.index_view", "unit.view", None),
        ("group", "group.index_view", "unit.view", None),
        ("closure", "closure.index_view", "calendar.view", None),
    ]),
    ("applications", [
        ("application", "application.index_view", "application.view", None),
        ("desk", "desk.index", "application.plan", None),
        ("suggestion", "suggestion.index_view", "suggestion.view", None),
        ("wish", "wish.index_view", "wish.view", None),
        ("proposal", "proposal.index_view", "placement.view", None),
        ("decision", "decision.index_view", "decision.view", None),
        ("sending", "sending.index_view", "sending.view", None),
        ("dispatch", "dispatch.index_view", "dispatch.view", None),
        ("claim", "claim.index_view", "claim.view", None),
    ]),
    ("daily", [
        ("booking", "booking.index", "booking.view", None),
        ("attendance", "attendance.index_view", "attendance.view", None),
        ("absence_application", "absence_application.index_view", "attendance.view", leave_waiting),
        ("event", "event.index_view", "event.view", None),
        ("presence", "presence.index_view", "presence.view", None),
        ("staff", "staff.index_view", "staff.view", None),
        ("shift", "shift.index_view", "staff.view", None),
        ("device", "device.index_view", "presence.add_device", None),
        ("times", "times.index_view", "booking.view", None),
        ("holiday_period", "holiday_period.index_view", "holiday_period.view", None),
        ("questionnaire", "questionnaire.index_view", "holiday_period.view", None),
        ("forecast", "forecast.index", "forecast.view", None),
        ("report", "report.index", "report.view", None),
        ("proof", "proof.index", "proof.view", None),
    ]),
    ("finance", [
        ("fee", "fee.index_view", "fee.view", None),
        ("index_day", "index_day.index_view", "index_day.view", None),
        ("statement", "statement.index_view", "statement.handle", statements_waiting),
        ("income", "income.index_view", "income.view", None),
        ("calculator", "calculator.index", "fee.calculate", None),
        ("alteration", "alteration.index_view", "fee.relief", None),
        ("invoice", "invoice.index_view", "invoice.view", None),
        ("voucher", "voucher.index_view", "voucher.view", None),
        ("voucher_report", "voucher_report.index_view", "voucher_report.view", None),
        ("payment", "payment.index_view", "payment.view", None),
        ("payee", "payee.index_view", "payee.view", None),
        ("ledger", "ledger.index_view", "ledger.view", None),
    ]),
    ("messages", [
        ("message", "message.index_view", "message.view", unread),
        ("document", "document.index_view", "document.view", None),
    ]),
    ("settings", [
        ("area", "area.index_view", "unit.edit", None),
        ("caretakers", "caretakers.index_view", "unit.edit", None),
        ("users", "users.index_view", "user.view", None),
        ("rights", "rights.index", "city.view", None),
        ("city", "city.index", "city.view", None),
        ("city_version", "city_version.index_view", "city.view", open_changes),
        ("retention", "retention.index", "person.retention", None),
        ("job", "job.index_view", "journal.view", None),
        ("mail", "mail.index_view", "journal.view", given_up),
        ("journal", "journal.index_view", "journal.view", None),
    ]),
]
SHOWN = {  # entries that not everybody with the right needs: features that a city opens unit by unit
    "message": writes_with_families,
    "my_message": writes_with_groups,
    "my_attendance": tells_only,  # where bookings are in use the calendar leads to it
    "my_booking": books,
}
GUARDIAN: list[tuple[str, Any, Any]] = [
    ("own", MyOwn, None),
    ("child", MyChildren, None),
    ("feed", MyFeed, None),
    ("push", MyPush, None),
    ("application", MyApplications, Application),
    ("decision", MyDecisions, Decision),
    ("placement", MyPlacements, Placement),
    ("termination", MyTerminations, Termination),
    ("need_change", MyNeedChanges, NeedChange),
    ("booking", MyCalendar, None),
    ("attendance", MyAbsences, Person),
    ("absence_application", MyLeave, AbsenceApplication),
    ("holiday_period", MyQuestions, None),
    ("event", MyEvents, None),
    ("fee", MyFees, FeeDecision),
    ("statement", MyStatements, IncomeStatement),
    ("voucher", MyVouchers, VoucherDecision),
    ("invoice", MyInvoices, Invoice),
    ("message", MyMessages, Thread),
    ("document", DocumentScreen, Document),
]
GUARDIAN_TABS: list[tuple[str, str, str, Any]] = [  # few enough for a thumb; all else is found under one's own
    ("my_home", "my.index", "home", None),
    ("my_booking", "my_booking.index", "calendar", None),
    ("my_attendance", "my_attendance.index_view", "calendar", None),
    ("my_message", "my_message.index_view", "mail", unread_mine),
    ("my_own", "my_own.index", "person", None),
]

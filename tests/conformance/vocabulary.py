"""The words of the cases' format: another key is a mistake in a case, or asks for what nobody reckons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# their keys are names that the case has given itself, or days
BY_NAME = frozenset({"away", "booked", "children", "days", "groups", "skipped", "units", "users", "week"})
WORDS = frozenset(
    """
a absences absences_gone absent absolute accepted action active adult adults after after_all
after_event ahead alteration_effect alteration_effects alterations amount amount_before_assistance
answer arrived ask asked assistance_coefficient assistance_factors at automatic away b backup_care
base_co_payment base_fee base_value billable booked bookings_gone business_id by
capacity_factor_as_voucher_coefficient capacity_factors caretakers category child child_attendances
child_capacity child_count child_income children city closes co_payment codebtor coefficient
computed_max_fee config confirm continuous_placement_required contract_days correction
correction_rows corrections count created_incomes daily_price date dates daycare_from daycare_to
days decision_min_date decisions declared_max_fee deleted departed difference do dob draft_heads
draft_months drafts drafts_on_next_run due_date each echa_increase echa_increase_euros effect
employee empty end event events existing existing_decisions expect expect_derived factor facts
families family family_size features fee fee_coefficient fee_decisions final_co_payment final_fee
free_absence_gives_daily_refund free_children free_july_start_on_september from from_date
from_questionnaire frozen_months group groups guardian_only guardians head head_from head_income
head_to headcount heads iban id identical_content income_multiplier incomes invited invoice_before
invoice_count invoice_date invoices kind kinds later_absences later_placement level mails
max_3_months max_3_months_with max_6_months max_6_months_with max_contract_day_surplus_threshold
max_fee max_income min_date min_income minimum_invoice_amount mode month monthly_amounts months
multiplier_set name new nonbillable note notes number number_series_start only_head
only_rows_overlapping opening opens operation_weekdays option option_fee option_fees options origin
original other_family_sent_months over over_3_value_from parent_incomes part_day partner
partner_code partnerships payment_date payments percentage period period_end period_from person
placement placement_type placements places plans point_count preschool_term_breaks price product
provider_id queries query questionnaire ranges ratio reason refused remaining replacement
replacement_start replaces reports result revision role row_count rows runs sees select sent
sent_months sent_notifications service_need_coefficient service_need_missing service_need_option
service_needs set set_facts shift_care shift_care_weekdays shift_hours shifts sibling_discount_2
sibling_discount_3_plus sibling_discount_percent sibling_fee_2 sibling_fee_3_plus sibling_ordinal
sign skipped source speculated ssn staff staff_capacity staff_counts start state statements status
statuses steps stored sum sum_over_3 sum_under_3 teaching
temporary_part_day_absence_gives_daily_refund then threshold thresholds thresholds_family_size time
to today total total_expenses total_fee total_income total_less_than type under_3 unit unit_invoiced
unit_price unit_provider units unplanned_absences_are_surplus_days unreachable until
use_contract_days_as_daily_fee_divisor used users value voucher_coefficient voucher_coefficients
voucher_value week what window works_at_echa wrong
    """.split()  # noqa: SIM905
)


def unknown_keys(given: Any, *, named: bool = False) -> Iterator[str]:
    """The keys of a case, and of all that is in it, that the format does not know; `named`: they are names."""
    if isinstance(given, list):
        for one in given:
            yield from unknown_keys(one)
    if isinstance(given, dict):
        for key, value in given.items():
            if not named and key not in WORDS:
                yield key
            yield from unknown_keys(value, named=not named and key in BY_NAME and isinstance(value, dict))

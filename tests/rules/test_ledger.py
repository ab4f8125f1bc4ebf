"""The ledger's file by the city's columns: what a layout may say, how facts are written, and in which order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.plain import nearest, one_line, unheld
from evaka.rules.ledger import (
    FACTS,
    Column,
    Each,
    Encoding,
    Entry,
    FileKind,
    FinvoicePolicy,
    Form,
    Kind,
    Layout,
    Line,
    Part,
    PaymentPolicy,
    Unheld,
    cells,
    check_entry,
    file_name,
    lines,
    typed,
)

ALWAYS = DateRange(date(2020, 1, 1))


def layout(*line: Line, kind: FileKind = FileKind.CSV, **more: Any) -> Layout:
    return Layout(ALWAYS, kind, "x", line or (Line(Each.ROW, (Column(fact="row.price"),)),), **more)


def cell(column: Column, value: Any, **more: Any) -> str:
    """What stands in one column for one value."""
    line = Line(Each.ROW, (column,))
    return cells(layout(line, **more), line, {column.fact: value, "invoice.number": 7})[0]



@pytest.mark.parametrize(("form", "decimals", "written"), [
    (None, None, "-1234,50"), (Form.COMMA, 4, "-1234,5000"), (Form.POINT, None, "-1234.50"),
    (Form.DIGITS, None, "-123450"), (Form.DIGITS, 4, "-12345000"),
])
def test_money_is_written_in_each_form(form, decimals, written):
    assert cell(Column(fact="row.price", form=form, decimals=decimals), -1234_50) == written
    unsigned = Column(fact="row.price", form=form, decimals=decimals, unsigned=True)
    assert cell(unsigned, -1234_50) == written.removeprefix("-")


@pytest.mark.parametrize(("form", "written"), [
    (None, "1.5.2026"), (Form.DOTTED, "01.05.2026"), (Form.ISO, "2026-05-01"), (Form.COMPACT, "20260501"),
    (Form.SHORT, "260501"), (Form.MONTH, "05/2026"), (Form.MONTH_DIGITS, "202605"),
    (Form.MONTH_DOTTED, "05.2026"),
])
def test_a_day_is_written_in_each_form(form, written):
    assert cell(Column(fact="row.start", form=form), date(2026, 5, 1)) == written


@pytest.mark.parametrize(("form", "decimals", "written"), [
    (None, None, "3"), (Form.COMMA, 2, "3,00"), (Form.DIGITS, 4, "30000"), (Form.POINT, 0, "3"),
])
def test_a_number_is_written_in_each_form(form, decimals, written):
    assert cell(Column(fact="row.amount", form=form, decimals=decimals), 3) == written


def test_a_flag_is_written_in_the_citys_words():
    column = Column(fact="invoice.credit", yes="K", no="E")
    assert (cell(column, True), cell(column, False)) == ("K", "E")


def test_a_value_is_written_by_its_code():
    column = Column(fact="unit.provider", codes={"municipal": "5073"}, required=True)
    assert cell(column, "municipal") == "5073"
    with pytest.raises(Refused, match=r"ledger\.missing"):
        cell(column, "private")


def test_what_is_not_known_is_empty_unless_it_is_required():
    assert cell(Column(fact="row.price"), None) == ""
    assert cell(Column(fact="row.start", width=3), None) == "   "
    with pytest.raises(Refused, match=r"ledger\.missing") as no:
        cell(Column("Hinta", fact="row.price", required=True), None)
    assert no.value.facts == {"column": "Hinta", "fact": "row.price", "invoice": 7}


@pytest.mark.parametrize(("column", "value", "written"), [
    (Column(fact="child.name", width=5), "Aino Ahola", "Aino "),
    (Column(fact="child.name", width=6, fill="."), "Aino", "Aino.."),
    (Column(fact="child.name", width=6, right=True), "Aino", "  Aino"),
    (Column(fact="row.price", width=8, fill="0"), -12_50, "-0012,50"),
    (Column(fact="row.price", width=8), -12_50, "  -12,50"),
    (Column(fact="row.amount", width=4, fill="0"), 7, "0007"),
    (Column(fact="row.start", form=Form.SHORT, width=8), date(2026, 5, 1), "260501  "),
])
def test_a_width_is_filled_up(column, value, written):
    assert cell(column, value, kind=FileKind.FIXED) == written


def test_a_number_is_never_cut():
    for column, value in ((Column(fact="row.price", width=4), 100_00),
                          (Column(fact="row.start", width=4), date(2026, 5, 1))):
        with pytest.raises(Refused, match=r"ledger\.too_long"):
            cell(column, value, kind=FileKind.FIXED)


def test_text_is_one_line_and_no_formula_in_a_file_that_spreadsheets_open():
    name = Column(fact="child.name")
    assert cell(name, "Aino\r\nAhola\t") == "Aino Ahola"
    assert [cell(name, text) for text in ("=1", "+1", "-1", "@x")] == ["'=1", "'+1", "'-1", "'@x"]
    assert cell(Column(fact="child.name", width=4), "=1", kind=FileKind.FIXED) == "=1  "
    assert cell(Column(text="=x"), "") == "=x"  # the city's own constant is the city's


def test_a_letter_that_has_no_place_is_refused_or_the_nearest_is_written():
    name = Column("Nimi", fact="child.name")
    assert cell(name, "Äijälä", encoding=Encoding.ISO_8859_1) == "Äijälä"
    with pytest.raises(Refused, match=r"ledger\.cannot_hold") as no:
        cell(name, "Đorđe", encoding=Encoding.ISO_8859_1)
    assert no.value.facts == {
        "letter": "Đ", "text": "Đorđe", "column": "Nimi", "encoding": "ISO-8859-1", "invoice": 7}
    near = {"encoding": Encoding.ISO_8859_1, "unheld": Unheld.NEAREST}
    assert cell(name, "Đorđe 张", **near) == "Dorde ?"
    assert cell(Column(fact="child.name", width=3), "Œ€x", kind=FileKind.FIXED, **near) == "OeE"


@given(st.text(), st.integers(1, 30))
def test_whatever_a_text_is_it_fills_its_width_and_is_held(text, width):
    near = {"kind": FileKind.FIXED, "encoding": Encoding.ISO_8859_1, "unheld": Unheld.NEAREST}
    written = cell(Column(fact="child.name", width=width), text, **near)
    assert len(written.encode("iso-8859-1")) == width
    assert not {"\r", "\n", "\0"} & set(written)


@given(st.integers(-10**9, 10**9))
def test_money_is_read_back_as_it_was_written(cents):
    digits = Column(fact="row.price", form=Form.DIGITS, width=12, fill="0")
    assert int(cell(digits, cents, kind=FileKind.FIXED)) == cents
    assert Decimal(cell(Column(fact="row.price", form=Form.POINT), cents)) * 100 == cents


def test_a_spreadsheets_cells_are_what_they_are():
    facts = {"row.price": -12_50, "row.start": date(2026, 5, 1), "row.amount": 2, "child.name": "=1", "row.end": None,
             "invoice.credit": True}
    columns = (
        Column(fact="row.price"), Column(fact="row.price", unsigned=True), Column(fact="row.price", form=Form.DIGITS),
        Column(fact="row.start"), Column(fact="row.start", form=Form.COMPACT), Column(fact="row.amount"),
        Column(fact="child.name"), Column(fact="row.end"), Column(fact="invoice.credit", yes="K"), Column(text="x"),
    )
    assert [typed(column, facts) for column in columns] == [
        Decimal("-12.50"), Decimal("12.50"), -1250, date(2026, 5, 1), "20260501", 2, "=1", "", "K", "x"]


def test_the_lines_follow_one_another_from_the_file_to_the_row():
    def of(each: Each, fact: str, **more: Any) -> Line:
        return Line(each, (Column(fact=fact),), **more)

    laid = layout(
        of(Each.START, "batch.count"), of(Each.ROW, "row.place"), of(Each.CHILD, "child.name"),
        of(Each.INVOICE, "invoice.number"), of(Each.INVOICE, "codebtor.name", when="codebtor.name"),
        of(Each.END, "batch.total"),
    )

    def part(child: str, place: int) -> Part:
        return Part(child, {"child.name": child, "row.place": place})

    entries = [
        Entry({"invoice.number": 1}, (part("A", 1), part("A", 2), part("B", 3))),
        Entry({"invoice.number": 2, "codebtor.name": "P"}, (part("A", 1),)),
    ]
    batch = {"batch.count": 2, "batch.total": 5_00}
    assert [cells(laid, line, facts)[0] for line, facts in lines(laid, batch, entries)] == [
        "2", "1", "A", "1", "2", "B", "3", "2", "P", "A", "1", "5,00"]


@pytest.mark.parametrize("kind", [FileKind.CSV, FileKind.XLSX])
def test_an_entry_is_tried_before_it_is_written(kind):
    laid = layout(Line(Each.ROW, (Column(fact="unit.cost_centre", required=True),)), kind=kind)
    check_entry(laid, {}, Entry({}, (Part(1, {"unit.cost_centre": "4411"}),)))
    with pytest.raises(Refused, match=r"ledger\.missing"):
        check_entry(laid, {}, Entry({}, (Part(1, {"unit.cost_centre": ""}),)))


# -- what a city may write ------------------------------------------------------------------------------


@pytest.mark.parametrize(("made", "sentence"), [
    (lambda: Column(fact="head.shoe_size"), "nobody knows the fact"),
    (lambda: Column(fact="head.name", text="x"), "both fact"),
    (lambda: Column(fact="head.name", form=Form.COMMA), "cannot be written as comma"),
    (lambda: Column(fact="row.start", form=Form.PLAIN), "cannot be written as plain"),
    (lambda: Column(fill=""), "do not go together"),
    (lambda: Column(width=-1), "do not go together"),
    (lambda: Column(decimals=7), "do not go together"),
    (lambda: Column(fact="row.price", codes={"1": "2"}), "has codes"),
    (lambda: Column(codes={"1": "2"}), "has codes"),
    (lambda: Column(fact="head.shoe_size", codes={"1": "2"}), "nobody knows the fact"),
    (lambda: Line(Each.ROW, ()), "has no columns"),
    (lambda: Line(Each.INVOICE, (Column(fact="row.price"),)), "is not known in a line of each invoice"),
    (lambda: Line(Each.START, (Column(text="x"),), when="head.name"), "is not known in a line of each start"),
    (lambda: Line(Each.ROW, (Column(text="x"),), when="nothing"), "nobody knows the fact"),
    (lambda: Layout(ALWAYS, FileKind.CSV, "x", ()), "no lines"),
    (lambda: layout(*[Line(Each.ROW, (Column("x", text="x"),))] * 2, header=True), "all alike"),
    (lambda: layout(header=True), 'the column "row.price" has no name'),
    (lambda: layout(kind=FileKind.FIXED), 'the column "row.price" has no width'),
    (lambda: layout(delimiter=";;"), "delimiter is"),
    (lambda: layout(delimiter='"'), "delimiter is"),
    (lambda: layout(line_end="\r"), "line_end is"),
    (lambda: FinvoicePolicy(most=0), "most is 0"),
    (lambda: FinvoicePolicy(from_id="003799999999"), "only some of"),
    (lambda: PaymentPolicy("Kunta", "FI", "X", version="pain.008.001.02"), "version is"),
    (lambda: PaymentPolicy("K", "FI", "X"), "name is"),
])
def test_a_slip_of_the_administrator_is_told(made, sentence):
    with pytest.raises(ValueError) as mistake:
        made()
    what, mend = mistake.value.args
    assert sentence in what
    assert mend.endswith((".", '"\\t".'))


def test_an_operator_and_a_payer_are_known_whole():
    assert not FinvoicePolicy().batches
    assert FinvoicePolicy(from_id="a", from_operator="b", to_id="c", to_operator="d").to_id == "c"
    assert PaymentPolicy("Kunta", "FI7599990000000015", "EXAMPLEX").version == "pain.001.001.03"


def test_every_fact_can_be_written_in_its_usual_form():
    values = {Kind.TEXT: "x", Kind.NUMBER: 1, Kind.MONEY: 1, Kind.DAY: date(2026, 5, 1), Kind.FLAG: True}
    for fact, kind in FACTS.items():
        assert cell(Column(fact=fact), values[kind])


def test_a_spreadsheet_is_shown_on_a_page_as_text():
    laid = layout(kind=FileKind.XLSX, delimiter=",", encoding=Encoding.ISO_8859_1).shown_as_text()
    assert (laid.kind, laid.delimiter, laid.encoding) == (FileKind.CSV, ";", Encoding.UTF_8)


@pytest.mark.parametrize(("pattern", "name"), [
    ("laskut-{day}-{number}.csv", "laskut-20260601-7.csv"), ("../ä b/{number}", "-a-b-7"), (".x", "x"),
])
def test_a_files_name_is_one_everywhere(pattern, name):
    assert file_name(pattern, number=7, day=date(2026, 6, 1)) == name


@given(st.text())
def test_plain_text_is_held_and_stays_one_line(text):
    line = one_line(text)
    assert line == one_line(line)
    assert unheld(nearest(line, "iso-8859-1"), "iso-8859-1") == ""

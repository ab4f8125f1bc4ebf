"""What every letter is on paper: tagged, repeatable, with its fonts, the recipient in the window."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from reportlab.graphics.barcode.code128 import Code128

from evaka import city
from evaka.letters import pdf
from evaka.letters.letter import Facts, Heading, Letter, Payment, Rows, Sender, Step, Steps, Text, city_sender
from evaka.letters.styles import FONTS, WINDOW_HEIGHT
from tests.letters import reading
from tests.letters.examples import RECIPIENT, SENDER

LETTER = Letter(
    title="Kirje & <otsikko>",
    language="fi",
    sender=SENDER,
    recipient=RECIPIENT,
    day=date(2026, 8, 14),
    body=(Text("Ensimmäinen kappale.\n\nToinen kappale,\nuusi rivi."),),
    references=(("Numero", "17"),),
)
PAYMENT = Payment(
    payee="Esimerkkikunta", iban="FI3715903000000776", bic="EXAMPLEX", reference="11112",
    due=date(2016, 12, 21), amount=1225, barcode="437159030000007760000122500000000000000000011112161221",
)  # fmt: skip


def with_body(*body):
    return replace(LETTER, body=body)


def test_equal_letters_are_equal_bytes_and_another_letter_is_not():
    assert pdf(LETTER) == pdf(replace(LETTER))
    assert pdf(LETTER) != pdf(replace(LETTER, day=date(2026, 8, 15)))


@pytest.mark.parametrize(("language", "locale"), [("fi", "fi-FI"), ("sv", "sv-FI"), ("en", "en-GB")])
def test_a_letter_says_its_language_title_and_that_it_is_tagged(language, locale):
    reader = reading.read(pdf(replace(LETTER, language=language)))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == locale
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert reader.metadata.title == "Kirje & <otsikko>"
    assert reader.metadata.author == "Esimerkkikunta"
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Kirje &amp; &lt;otsikko&gt;" in metadata


def test_a_letter_is_read_in_the_order_of_writing():
    assert reading.elements(pdf(LETTER)) == [
        ("Document", ""),
        ("P", "Esimerkkikunta"),
        ("P", "Varhaiskasvatus"),
        ("P", "Åsa Öljynen\nKivipolku 3 B 12\n00001 ESIMERKKIKUNTA"),
        ("P", "Päiväys: 14.8.2026"),
        ("P", "Numero: 17"),
        ("H1", "Kirje & <otsikko>"),
        ("P", "Ensimmäinen kappale."),
        ("P", "Toinen kappale,\nuusi rivi."),
        (
            "P",
            "Esimerkkikunta · Varhaiskasvatus · PL\u00a012 · 00001\u00a0Esimerkkikunta · "
            "09\u00a0000\u00a0000 · "
            "varhaiskasvatus@example.fi · Y-tunnus\u00a00000000-0",
        ),
    ]


def test_a_secret_letter_is_stamped_before_its_day():
    [text] = reading.pages(pdf(replace(LETTER, secrecy="Salassa pidettävä\nJulkL 24 §")))
    assert text.index("Salassa pidettävä JulkL 24 §") < text.index("Päiväys")


def test_the_fonts_are_in_the_file_and_no_other_is_named():
    body = (
        Heading("H"),
        Facts((("a", "b"),)),
        Rows(("a",), (("b",),), (1,)),
        Steps((Step("a", "b", "c"),)),
        PAYMENT,
    )
    named = reading.fonts(pdf(with_body(*body)))
    assert all(named.values())
    assert {name.partition("+")[2] for name in named} == {"NotoSans-Regular", "NotoSans-Bold"}


def test_the_fonts_come_with_their_licence():
    assert "SIL Open Font License" in (FONTS / "NotoSans-OFL.txt").read_text()


def test_names_of_all_who_live_here_are_printed():
    names = "Åsa Öhman, Šárka Žáková, Ŋuorgŋá Đoŋŋá, Жукова Ольга, Nguyễn, Łukasz, Þór; 5 ≤ 6 ≥ 5 → 1 − 2 × 3"
    [text] = reading.pages(pdf(with_body(Text(names), Text(names, strong=True))))
    assert text.count(names) == 2


def test_every_letter_of_the_words_is_in_both_fonts():
    from reportlab.pdfbase.ttfonts import TTFontFile

    from evaka.texts import LANGUAGES, words

    printed = [text for language in LANGUAGES for key, text in words(language).items()
               if key.startswith("letter.") or ".step." in key]  # fmt: skip
    used = {ord(sign) for text in printed for sign in text} - {ord("\n")}
    for name in ("NotoSans-Regular", "NotoSans-Bold"):
        assert used <= set(TTFontFile(str(FONTS / f"{name}.ttf")).charToGlyph)


def test_markup_in_a_name_is_printed_as_it_is():
    body = (Text("<b>a</b> & b"), Facts((("<i>", "&amp;"),)), Steps((Step("<u>", "1 < 2", "&"),)))
    [text] = reading.pages(pdf(with_body(*body)))
    assert "<b>a</b> & b" in text
    assert "<i> &amp;" in text
    assert "1. <u> 1 < 2 &" in text


def test_facts_are_a_table_with_row_headings():
    printed = pdf(with_body(Facts((("Lapsi", "Väinö"), ("Yksikkö", "Mäntymäki\nTie 5")))))
    table = [one for one in reading.elements(printed) if one[0] in {"Table", "TR", "TH", "TD"}]
    assert table == [
        ("Table", ""), ("TR", ""), ("TH", "Lapsi"), ("TD", "Väinö"),
        ("TR", ""), ("TH", "Yksikkö"), ("TD", "Mäntymäki\nTie 5"),
    ]  # fmt: skip
    assert reading.scopes(printed) == ["/Row", "/Row"]


def test_a_long_table_is_one_table_over_its_pages_with_its_heading_on_each():
    rows = tuple((f"Rivi {number}", f"{number},00 €") for number in range(1, 121))
    table = Rows(("Selite", "Hinta"), rows, (3, 1), frozenset({1}), ("Yhteensä", "7 260,00 €"))
    printed = pdf(with_body(table))
    texts = reading.pages(printed)
    assert len(texts) >= 3
    assert all("Selite Hinta" in text for text in texts)
    assert [f"Sivu {page}/{len(texts)}" in text for page, text in enumerate(texts, 1)] == [True] * len(texts)
    tags = [tag for tag, _ in reading.elements(printed)]
    assert tags.count("Table") == 1
    assert tags.count("TR") == 122
    assert tags.count("TH") == 2
    assert reading.scopes(printed) == ["/Column", "/Column"]
    read_aloud = reading.spoken(printed)
    places = [read_aloud.index(f"Rivi {number} {number},00 €") for number in range(1, 121)]
    assert places == sorted(places)


@pytest.mark.parametrize("count", range(20, 50, 3))
def test_the_total_never_stands_alone_on_a_page(count):
    rows = tuple((f"Rivi {number}.", "1") for number in range(count))
    last = reading.pages(pdf(with_body(Rows(("Selite", "Hinta"), rows, (3, 1), total=("Yhteensä", "9")))))[-1]
    assert f"Rivi {count - 1}. 1 Yhteensä 9" in last


def test_a_table_whose_rows_differ_in_length_is_a_fault():
    with pytest.raises(ValueError, match="2 cells"):
        Rows(("a", "b"), (("only one",),), (1, 1))
    with pytest.raises(ValueError, match="2 cells"):
        Rows(("a", "b"), (("1", "2"),), (1, 1), total=("1", "2", "3"))


def test_an_explanation_is_a_numbered_list():
    printed = pdf(with_body(Steps((Step("Tulot", "1 + 1 = 2", "5 §"), Step("Maksu", "2 × 2 = 4")))))
    lists = [one for one in reading.elements(printed) if one[0].startswith("L")]
    assert lists == [
        ("L", ""),
        ("LI", ""),
        ("LBody", "1. Tulot\n1 + 1 = 2\n5 §"),
        ("LI", ""),
        ("LBody", "2. Maksu\n2 × 2 = 4"),
    ]


def test_a_text_that_goes_over_a_page_is_one_paragraph_read_whole():
    long = " ".join(f"sana{number}" for number in range(2000))
    printed = pdf(with_body(Text(long)))
    assert len(reading.pages(printed)) > 2
    assert [text for tag, text in reading.elements(printed) if "sana" in text] == [long]
    assert "".join(reading.pages(printed)).count("sana") == 2000


def test_a_payment_is_read_with_its_labels_and_its_bar_code_has_a_text():
    printed = pdf(with_body(PAYMENT))
    read_aloud = reading.elements(printed)
    heading = read_aloud.index(("H2", "Maksutiedot"))
    assert read_aloud[heading + 1 : heading + 9] == [
        ("P", "Saaja: Esimerkkikunta"),
        ("P", "Eräpäivä: 21.12.2016"),
        ("P", "Saajan tilinumero (IBAN): FI37 1590 3000 0007 76"),
        ("P", "Maksettava: 12,25\u00a0€"),
        ("P", "Saajan pankki (BIC): EXAMPLEX"),
        ("P", "Viitenumero: 11112"),
        ("Figure", f"Virtuaaliviivakoodi {PAYMENT.barcode}"),
        ("P", f"Virtuaaliviivakoodi {PAYMENT.barcode}"),
    ]


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("458101710000001220004829900000000559582243294671120131", 55),
        ("579440520200360820048831509000000868516259619897100612", 74),
        ("437159030000007760000122500000000000000000011112161221", 76),
        ("537159030000007760000011098000000000000000011112170101", 38),
        ("449500094200287300001002000000000000001234567907221212", 58),
    ],
)
def test_the_bars_are_code_128_c_with_the_published_check(digits, check):
    bars = Code128(digits, quiet=0)
    bars.validate()
    bars.encode()
    pairs = [int(digits[at : at + 2]) for at in range(0, 54, 2)]
    start_c, stop = 105, 106
    assert bars.encoded == [start_c, *pairs, check, stop]


def test_every_marked_content_is_closed_on_its_page():
    rows = Rows(("a", "b"), tuple((str(number), "x") for number in range(90)), (1, 1))
    printed = pdf(with_body(Heading("H"), rows, Steps((Step("a", "b"),)), PAYMENT))
    assert all(opened == closed > 0 for opened, closed in reading.marks(printed))


@pytest.mark.parametrize(
    "recipient",
    [
        ("Åsa Öljynen",),  # a protected address: the name alone
        RECIPIENT,
        ("Maria-Margareta Anneli Ŋuorgŋá-Жукова von Schwarzenberg-Koskenkorva", "c/o " + "Äijälä " * 9,
         "PL 1", "Rantakatu 1", "FI-00001 ESIMERKKIKUNTA", "SUOMI"),
    ],
    ids=["name alone", "ordinary", "very long"],
)  # fmt: skip
def test_the_recipient_stays_in_the_window_of_the_envelope(recipient):
    found = reading.places(pdf(replace(LETTER, recipient=recipient)))
    printed = [place for place in found if place[1] < 100 and 40 < place[2] < 85]
    assert (
        reading.plain(" ".join(text for text, _, _ in printed)) == reading.plain(" ".join(recipient)).strip()
    )
    assert all(19.9 < left < 21 and 45 < top < 75.5 for _, left, top in printed)
    assert WINDOW_HEIGHT / 72 * 25.4 <= 30


def test_an_address_too_long_for_any_window_is_printed_whole():
    lines = tuple(f"rivi {number}" for number in range(1, 16))
    [text] = reading.pages(pdf(replace(LETTER, recipient=lines)))
    assert " ".join(lines) in text


def test_many_references_push_the_letter_down_rather_than_overlap():
    references = tuple((f"Tieto {number}", f"arvo {number}") for number in range(1, 9))
    found = reading.places(pdf(replace(LETTER, references=references)))
    [last] = [top for text, _, top in found if "arvo 8" in text]
    [title] = [top for text, _, top in found if text.startswith("Kirje")]
    assert title - last > 8


def test_a_block_that_nobody_knows_is_a_fault():
    with pytest.raises(TypeError, match="cannot hold 'words'"):
        pdf(with_body("words"))


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_city_is_the_sender_with_its_name_and_colour(language):
    table = city.read("city")["city"]
    sender = city_sender(language)
    assert sender == Sender(
        name=table["name"],
        department=table["department"][language],
        address=tuple(table["address"]),
        contacts=(table["phone"], table["email"], table["business_id"]),
        accent=table["accent"],
    )
    assert table["name"] in reading.spoken(pdf(replace(LETTER, sender=sender)))

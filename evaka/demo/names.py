"""Names of the invented city: people of many languages, streets, units, groups, and what families write.

Every combination is drawn by lot; whoever bears one of them is not meant.
"""

from __future__ import annotations

from typing import NamedTuple


class Tongue(NamedTuple):
    """The names of the speakers of a language: of girls, boys, women, men, and families."""

    share: int  # per mille of the families
    girls: list[str]
    boys: list[str]
    women: list[str]
    men: list[str]
    families: list[str]


def _words(text: str) -> list[str]:
    return text.split()


FINNISH = Tongue(
    750,
    _words("""Aino Eevi Sofia Olivia Lilja Helmi Ellen Isla Venla Aada Pihla Elli Hilla Seela Alma Enni Lumi Vilma
    Iida Emma Saana Minea Oona Siiri Martta Hilja Taimi Elsa Kerttu Sanni Viivi Fanni Hertta Unelma Silja Tuuli"""),
    _words("""Eino Leo Oliver Väinö Elias Onni Toivo Eeli Noel Leevi Vilho Hugo Emil Nooa Alvar Aatos Otso Niilo Veikko
    Oiva Aarni Joona Luka Daniel Vilppu Urho Pyry Tuukka Lenni Mikael Okko Kaarlo Ilmari Sulo Eemeli Jooa"""),
    _words("""Laura Anna Hanna Jenni Katja Sanna Heidi Emilia Suvi Maija Noora Essi Henna Riikka Kaisa Elina Tiina
    Outi Mari Jonna Salla Veera Minna Niina Johanna Annika Reetta Milla Kirsi Satu Pauliina Linnea Saara Roosa"""),
    _words("""Antti Jussi Mikko Ville Juha Tuomas Lauri Janne Petri Heikki Markus Teemu Jani Olli Sami Aleksi Joonas
    Matti Jukka Tommi Arttu Kalle Henri Samuli Eetu Niko Riku Pekka Toni Harri Jarkko Ilkka Otto Sakari"""),
    _words("""Korhonen Virtanen Mäkinen Nieminen Mäkelä Hämäläinen Laine Heikkinen Koskinen Järvinen Lehtonen Lehtinen
    Saarinen Salminen Heinonen Niemi Heikkilä Kinnunen Salonen Turunen Salo Laitinen Tuominen Rantanen Karjalainen
    Jokinen Mattila Savolainen Lahtinen Ahonen Ojala Leppänen Väisänen Hiltunen Kallio Laaksonen Miettinen Hakala
    Leinonen Pitkänen Aaltonen Manninen Koivisto Hirvonen Räsänen Anttila Vainio Mustonen Kokkonen Peltola Lindroos
    Partanen Kemppainen Nurmi Eskola Pulkkinen Seppälä Kettunen Rautio Toivonen Vuorinen Uusitalo Hänninen Tikkanen
    Kärkkäinen Halonen Honkanen Tolvanen Sirén Ikonen Helenius Kivelä Mikkola Ranta Sorsa Harju Vesala Alanko Vuori
    Rinne Mäki-Aho Ylönen Suominen Kurki Oksanen Pesonen Huttunen Voutilainen Hyvönen Riihimäki Soini Tanskanen"""),
)
SWEDISH = Tongue(
    80,
    _words("Alva Ebba Saga Astrid Elsa Ines Freja Selma Tyra Ella Vera Linnéa Nova Signe Agnes Tuva Stella Märta"),
    _words("Axel Elliot Viggo Hugo Emil Ture Noah Sixten Liam Alvar Theo Edvin Anton Melker Valter Lucas Åke Isak"),
    _words("Sofia Emma Ida Jenny Sara Malin Camilla Johanna Linda Charlotta Annika Susanna Åsa Pia Frida Mikaela"),
    _words("Johan Mikael Fredrik Niklas Andreas Marcus Kristian Robin Jens Mats Patrik Oscar Viktor Björn Håkan Kaj"),
    _words("""Johansson Nyman Lindholm Karlsson Andersson Lindström Eriksson Holm Blomqvist Bergström Sundström Åberg
    Söderholm Wikström Ekholm Sjöblom Granqvist Lönnqvist Fagerström Forsman Öhman Backman Ahlfors Nylund"""),
)
OTHERS = {
    "ru": Tongue(
        38, _words("Sofija Anna Milana Alisa Polina Vera Eva Darja"),
        _words("Mihail Artjom Maksim Lev Ivan Timofei Mark"),
        _words("Olga Irina Natalja Jekaterina Svetlana Julia Marina"),
        _words("Sergei Dmitri Aleksei Andrei Igor Pavel Oleg"),
        _words("Smirnov Volkov Petrov Sokolov Morozov Kuznetsov Orlov Beljajev Vinogradov Makarov"),
    ),
    "et": Tongue(
        24, _words("Mirtel Hanna Liisa Emma Marta Lenna Saskia Eliise"),
        _words("Robin Rasmus Kaspar Sander Mattias Kristofer Oskar"),
        _words("Kadri Triin Kristi Piret Liis Maarja Kaire"),
        _words("Tarmo Marek Priit Indrek Rain Margus Taavi"),
        _words("Tamm Saar Sepp Mägi Kask Kukk Rebane Ilves Pärn Koppel Õunapuu"),
    ),
    "ar": Tongue(
        24, _words("Maryam Fatima Noor Layla Zahra Yasmin Sara Amina"),
        _words("Yusuf Omar Ali Ibrahim Adam Hassan Zayd"),
        _words("Huda Rania Samira Zainab Aisha Dalia Nadia"),
        _words("Ahmed Mohammed Khalid Mustafa Tariq Bilal Samir"),
        _words("Al-Hassan Al-Jabiri Haddad Mansour Khalil Nasser Saleh Aziz Farouk Hamdan"),
    ),
    "so": Tongue(
        22, _words("Hodan Sagal Ayaan Ifrah Nasra Hibo Khadra Sumaya"),
        _words("Abdi Liban Guled Zakaria Ayub Bilaal Yahya"),
        _words("Hawa Ubah Faduma Sahra Deqa Asha Nimo"),
        _words("Abdullahi Mohamud Farah Hassan Jama Ismail Yusuf"),
        _words("Abdi Ali Warsame Hersi Jama Nur Osman Abshir Farah Mohamed"),
    ),
    "en": Tongue(
        24, _words("Emily Grace Chloe Amara Priya Zoe Hannah Mia"),
        _words("James Oliver Ethan Arjun Kwame Noah Henry"),
        _words("Claire Rachel Anjali Grace Sarah Ngozi Emma"),
        _words("Daniel David Rahul Kofi Thomas Michael Samuel"),
        _words("Walker Patel Owusu Murphy Clarke Mensah Sharma Bennett Okafor Reid"),
    ),
    "vi": Tongue(
        14, _words("Linh Mai Thao Ngoc Lan Huong Vy"), _words("Minh Khoa Tuan Bao Long Duc Nam"),
        _words("Thuy Hanh Hoa Trang Phuong Yen Hien"), _words("Hung Cuong Thanh Hai Quang Son Tien"),
        _words("Nguyen Tran Le Pham Hoang Vu Dang Bui Do Ngo"),
    ),
    "zh": Tongue(
        12, _words("Xinyi Meili Jia Yuxi Ning Lian Qing"), _words("Haoran Wei Ming Jun Yichen Bo Lei"),
        _words("Fang Hui Lin Xiaoyan Jing Na Ying"), _words("Jian Qiang Tao Feng Gang Peng Kai"),
        _words("Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou"),
    ),
    "sq": Tongue(
        12, _words("Arta Elira Dea Era Blerina Rina Besa"), _words("Arian Dion Luan Leart Drin Rron Ermal"),
        _words("Teuta Valbona Albana Mimoza Shpresa Vjosa"),
        _words("Agim Besnik Ilir Arben Driton Flamur Valon"),
        _words("Krasniqi Gashi Berisha Morina Hoxha Shala Bytyqi Rexhepi"),
    ),
}
TONGUES = {"fi": FINNISH, "sv": SWEDISH} | OTHERS

AREAS = ["Keskusta", "Pohjoinen", "Eteläranta", "Itäharju", "Länsimetsä", "Lammenranta", "Saarisuo"]
STREETS = _words("""
Koivumäentie Haapakuja Tervaleppätie Ahomansikanpolku Kiurunkaari Pilvilinnantie Sammalkuja Purolaaksontie
Kanervarinne Tuulentie Myllylammentie Honkavaarantie Kielokallionkatu Sinisiivenkuja Peltopyynpolku
Harjunlaitakatu Katajaniementie Karpalosuontie Hiirenkorvantie Metsätähdentie Vaahterakaari Ruokokarinkatu
Kuunsillanraitti Lumpeenkuja Rastaanlaulu Orvokkiaukio Kissankellonkatu Hirvenhypyntie Salavankuja Kaislapolku
Kuusiaidantie Päivänsäteentie Pihlajarinteentie Revonhännänkuja Saniaispolku Suokukonkuja Muurahaiskeonpolku
Naavapolku Kevätpuronkatu Unikonkuja
""")
UNIT_FIRST = _words("""
Aarre Auringon Harju Hiiden Honka Ilves Järven Kallio Kanerva Karhu Keiju Kettu Kielo Kivi Koivu Kuun Lähteen
Lampi Lehto Lepän Lokki Lumi Mänty Marja Metsä Mustikka Niitty Onnen Orava Paju Peikko Pihlaja Pilvi Poudan Puro
Revon Saaren Sammal Satu Siili Sinisen Suvi Tammi Tähti Tuuli Vaahtera Vanamo Viima
""")
UNIT_LAST = ["puiston", "mäen", "rinteen", "pellon", "polun", "laakson", "rannan", "kallion", "niityn", "kujan"]
SWEDISH_UNITS = _words("""
Björkbackens Blåsippans Ekorrens Granlunda Hasselbackens Havsörnens Igelkottens Kastanjens Lindängens Månskenets
Rävlyans Rönnbackens Skogsgläntans Solstrålens Sjöstjärnans Tallåsens
""")
GROUPS = _words("""
Siilit Oravat Ketut Mustikat Puolukat Pöllöt Karhut Sudenkorennot Tähdet Aurinkoiset Kanit Leppäkertut Peikot
Menninkäiset Vadelmat Kurjet Ilvekset Majavat Sopulit Hyrrät
""")
SWEDISH_GROUPS = _words("""
Igelkottarna Ekorrarna Rävarna Blåbären Lingonen Ugglorna Björnarna Stjärnorna
""")
PRESCHOOL_GROUPS = ["Eskarit", "Viskarit", "Metsäeskari", "Eskaripöllöt"]

ALLERGIES = [
    "Maitoallergia (todettu, lääkärintodistus)", "Laktoosi-intoleranssi", "Kananmuna-allergia",
    "Pähkinäallergia, EpiPen", "Keliakia", "Kala-allergia", "Kiivi ja sitrushedelmät",
    "Siitepölyallergia keväisin", "Soija-allergia",
]
DIETS = ["Kasvisruoka", "Vegaaninen", "Ei sianlihaa", "Halal", "Laktoositon", "Gluteeniton", "Maidoton"]
MEDICATIONS = [
    "EpiPen Jr. ryhmän lääkekaapissa", "Avaava astmalääke tarvittaessa", "Insuliinipumppu, hoitosuunnitelma kansiossa",
    "Kuumekouristuslääke, ohje kansiossa", "Antihistamiini tarvittaessa",
]
SUPPORT = [
    "Puheen kehitys viivästynyt, puheterapia kerran viikossa.", "Lapsi käyttää kuulolaitetta.",
    "Tarvitsee tukea ryhmässä toimimiseen; lastenneuvolan lausunto liitteenä.",
    "Diabetes: hoidon opastus henkilökunnalle tarpeen.", "Näkövamma, apuvälineet kotoa.",
]
NOTES = [
    "Toivomme samaa yksikköä kuin isommalla sisaruksella.", "Äiti palaa töihin, aloitus voi joustaa viikolla.",
    "Muutamme uuteen osoitteeseen ennen aloitusta.", "Isän työmatka kulkee yksikön ohi, siksi toive.",
    "Lapsi käy kerran viikossa fysioterapiassa.", "Kotikieli on toinen kuin suomi, tulkki olisi hyvä.",
    "Vuorotyö: viikonloppuhoitoa noin kerran kuussa.", "Pehmeä lasku, voimme olla mukana ensimmäisen viikon.",
]
DECLINED = [
    "Ryhmässä ei ole tilaa alle 3-vuotiaalle ennen elokuuta.", "Täyttöaste ylittyisi, hoitaja jää vapaalle.",
    "Remontti vie yhden ryhmätilan joulukuun loppuun.",
]
LETTERS = [  # titles and bodies of letters that groups send
    ("Metsäretki perjantaina", "Hei! Perjantaina lähdemme metsään heti aamupalan jälkeen. Pukekaa lapselle lämmin "
     "kerrasto ja kurahousut, ja pakatkaa reppuun vesipullo. Palaamme lounaalle. Terveisin ryhmän väki"),
    ("Viikon kuulumiset", "Hei kotiväki! Tällä viikolla olemme askarrelleet, laulaneet ja harjoitelleet pukemista. "
     "Ensi viikolla jumppaamme salissa tiistaina. Varavaatteita kaipaavat lokerot on merkitty lapulla."),
    ("Vanhempainilta", "Tervetuloa vanhempainiltaan ryhmän tiloihin kello 17.30. Kerromme toimintakauden "
     "suunnitelmista ja kuulemme toiveitanne. Lapsille on järjestetty tekemistä."),
    ("Valokuvaus ensi viikolla", "Ryhmä kuvataan ensi viikon keskiviikkona kello 9. Kertokaa meille, jos lasta ei saa "
     "kuvata."),
]
SWEDISH_LETTER = (
    "Skogsutflykt på fredag", "Hej! På fredag går vi till skogen genast efter frukosten. Klä barnet varmt och packa "
    "vattenflaska i ryggsäcken. Vi är tillbaka till lunch. Hälsningar från gruppen",
)
BULLETIN = (
    "Hakemukset ensi toimintakaudelle", "Hei! Hakemus ensi syksyn paikasta kannattaa tehdä nyt: hakemuksen pitää olla "
    "perillä neljä kuukautta ennen kuin paikkaa tarvitaan. Hakemuksen voi täyttää palvelussa. Jos lapsesi jatkaa "
    "samassa yksikössä, hakemusta ei tarvita.",
)
SIGNATURE = "Terveisin\nJohanna, päiväkodin johtaja"
AWAY = "Kiitos viestistäsi. Olen lomalla ja luen viestit palattuani. Kiireellisissä asioissa soita yksikköön."
REPLIES = [
    "Kiitos tiedosta! Olemme mukana.", "Hei, meiltä puuttuvat kurahousut, voiko lainata?",
    "Hyvä, haen vasta kello 16.30.",
    "Kiitos viikosta, täällä on laulettu koko ilta.", "Emme pääse paikalle, voiko asiat saada viestillä?",
]
ANSWERS = [
    "Totta kai, meillä on varusteita lainattavaksi.", "Kiitos viestistä, sovitaan näin.",
    "Selvä, merkitsemme sen ylös.",
]

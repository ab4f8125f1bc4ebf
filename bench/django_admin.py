"""Django admin over the same tables, tuned as its documentation advises, as a fair equivalent of our screens.

    python -m bench.django_admin      makes Django's own tables, its superuser, and indexes that help it

What is equal, and where Django is given less to do:

- The list shows the same columns of the same rows in the same order.  Today's unit and group come by
  `prefetch_related` for the rows of the page, as ours do.  `show_full_result_count` is off, ours is capped.
- The filters are ours: child, in care, unit (a choice of the same 250).
- The search looks in our folded key with a single LIKE, which is Django's cheapest; on PostgreSQL it is given a
  trigram index for it.  The words are asked with the mark of a word's beginning, so that the same rows are found.
- The form has the fields of our form.  Saving writes Django's own log line, without old and new values.
- Django has no page that only shows a row: the nearest is the change page of somebody who may only view, with read-only
  inlines of guardians, places, applications and decisions.  Ours shows groups, fees, absences, papers, a time line and
  the journal besides, and writes down who has read the file.
- There is no row scope, the sessions are signed cookies (ours are rows), and connections persist.
"""

from __future__ import annotations

import datetime
import os
import sys
from urllib.parse import urlsplit

import django
from django.conf import settings

URL = os.environ["BENCH_DATABASE"]
if URL.startswith("sqlite"):
    DATABASE = {
        "ENGINE": "django.db.backends.sqlite3", "NAME": URL.split("sqlite:///")[1], "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command":
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-65536;"
                    "PRAGMA mmap_size=268435456;PRAGMA temp_store=MEMORY"},
    }
else:
    parts = urlsplit(URL)
    DATABASE = {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username or "",
        "PASSWORD": parts.password or "", "HOST": parts.hostname or "", "PORT": parts.port or 5432,
        "CONN_MAX_AGE": None,
    }
settings.configure(
    DEBUG=False, SECRET_KEY="of-this-bench-alone", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF="bench.django_admin",
    LANGUAGE_CODE="fi", USE_I18N=True, USE_TZ=True, TIME_ZONE="Europe/Helsinki", STATIC_URL="/static/",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", DATABASES={"default": DATABASE},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles", "bench",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,  # cached, as DEBUG is off
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages"]},
    }],
)
sys.modules.setdefault("bench.django_admin", sys.modules[__name__])
django.setup()

from django.contrib import admin  # noqa: E402  only after the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402

LANGUAGES = [("fi", "suomi"), ("sv", "ruotsi"), ("se", "pohjoissaame"), ("en", "englanti")]
STATES = [(one, one) for one in ("created", "sent", "waiting_placement", "decided", "cancelled")]


class Table(models.Model):
    version = models.IntegerField(default=1, editable=False)

    class Meta:
        abstract = True
        managed = False
        app_label = "bench"


def dated(day: datetime.date) -> models.Q:
    return models.Q(start_date__lte=day) & (models.Q(end_date__isnull=True) | models.Q(end_date__gte=day))


class Unit(Table):
    name = models.CharField(max_length=120)

    class Meta(Table.Meta):
        abstract = False
        db_table = "unit"

    def __str__(self) -> str:
        return self.name


class Group(Table):
    unit = models.ForeignKey(Unit, models.PROTECT)
    name = models.CharField(max_length=80)

    class Meta(Table.Meta):
        abstract = False
        db_table = "unit_group"

    def __str__(self) -> str:
        return self.name


class Person(Table):
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    identity_code = models.CharField(max_length=11, unique=True, null=True, blank=True)
    born = models.DateField()
    deceased = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=5, choices=LANGUAGES)
    street = models.CharField(max_length=120, null=True, blank=True)
    postal_code = models.CharField(max_length=10, null=True, blank=True)
    post_office = models.CharField(max_length=60, null=True, blank=True)
    restricted = models.BooleanField(default=False)
    restricted_until = models.DateField(null=True, blank=True)
    phone = models.CharField(max_length=30, null=True, blank=True)
    email = models.CharField(max_length=200, null=True, blank=True)
    allergies = models.TextField(null=True, blank=True)
    diet = models.TextField(null=True, blank=True)
    medication = models.TextField(null=True, blank=True)
    search_key = models.TextField(editable=False)
    sort_key = models.CharField(max_length=200, editable=False)

    class Meta(Table.Meta):
        abstract = False
        db_table = "person"

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


class ChildFile(Person):
    class Meta:
        proxy = True
        app_label = "bench"


class Guardian(Table):
    child = models.ForeignKey(Person, models.PROTECT, related_name="custody")
    guardian = models.ForeignKey(Person, models.PROTECT, related_name="+")
    blocked = models.BooleanField(default=False)

    class Meta(Table.Meta):
        abstract = False
        db_table = "guardian"


class Placement(Table):
    child = models.ForeignKey(Person, models.PROTECT)
    unit = models.ForeignKey(Unit, models.PROTECT)
    care_type = models.CharField(max_length=40)
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)

    class Meta(Table.Meta):
        abstract = False
        db_table = "placement"


class GroupPlacement(Table):
    placement = models.ForeignKey(Placement, models.PROTECT, related_name="groups")
    group = models.ForeignKey(Group, models.PROTECT)
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)

    class Meta(Table.Meta):
        abstract = False
        db_table = "group_placement"


class Application(Table):
    child = models.ForeignKey(Person, models.PROTECT)
    status = models.CharField(max_length=40, choices=STATES)
    received = models.DateField(null=True)
    start_date = models.DateField(null=True)
    due = models.DateField(null=True)

    class Meta(Table.Meta):
        abstract = False
        db_table = "application"


class Decision(Table):
    child = models.ForeignKey(Person, models.PROTECT)
    unit = models.ForeignKey(Unit, models.PROTECT)
    number = models.IntegerField(null=True)
    status = models.CharField(max_length=40, choices=STATES)
    start_date = models.DateField()
    end_date = models.DateField()

    class Meta(Table.Meta):
        abstract = False
        db_table = "decision"


class YesNo(admin.SimpleListFilter):
    def lookups(self, request, model_admin):
        return (("1", "Kyllä"), ("0", "Ei"))

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        asked = self.asked(datetime.date.today())  # noqa: DTZ011  the day of the server, as Django has it
        return queryset.filter(asked) if self.value() == "1" else queryset.exclude(asked)


class IsChild(YesNo):
    title, parameter_name = "lapsi", "child"

    def asked(self, day):
        return models.Q(born__gt=day - datetime.timedelta(days=18 * 366))


class InCare(YesNo):
    title, parameter_name = "hoidossa", "placed"

    def asked(self, day):
        return models.Q(id__in=Placement.objects.filter(dated(day)).values("child_id"))


class InUnit(admin.SimpleListFilter):
    title, parameter_name = "yksikkö", "unit"

    def lookups(self, request, model_admin):
        return [(str(id), name) for id, name in Unit.objects.order_by("name").values_list("id", "name")]

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        day = datetime.date.today()  # noqa: DTZ011
        placed = Placement.objects.filter(dated(day), unit_id=self.value())
        return queryset.filter(id__in=placed.values("child_id"))


@admin.register(Unit)
class UnitAdmin(admin.ModelAdmin):
    search_fields = ("name",)


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ("name", "born", "age", "place", "language", "notes")
    list_per_page = 50
    show_full_result_count = False
    list_filter = (IsChild, InCare, InUnit)
    search_fields = ("search_key__contains",)
    ordering = ("sort_key", "id")
    fields = (
        "last_name", "first_name", "identity_code", "born", "language", "street", "postal_code", "post_office",
        "restricted", "restricted_until", "phone", "email", "allergies", "diet", "medication", "deceased",
    )

    def get_queryset(self, request):
        found = super().get_queryset(request)
        if request.resolver_match.url_name.endswith("changelist"):
            day = datetime.date.today()  # noqa: DTZ011
            groups = models.Prefetch(
                "groups", GroupPlacement.objects.filter(dated(day)).select_related("group"), to_attr="groups_today")
            places = Placement.objects.filter(dated(day)).select_related("unit").prefetch_related(groups)
            found = found.prefetch_related(models.Prefetch("placement_set", places, to_attr="places_today"))
        return found

    @admin.display(description="Nimi", ordering="sort_key")
    def name(self, row):
        return str(row)

    @admin.display(description="Ikä")
    def age(self, row):
        day = datetime.date.today()  # noqa: DTZ011
        months = (day.year - row.born.year) * 12 + day.month - row.born.month - (day.day < row.born.day)
        return f"{months // 12} v {months % 12} kk"

    @admin.display(description="Yksikkö")
    def place(self, row):
        return ", ".join(
            [f"{one.unit}, {one.groups_today[0].group}" if one.groups_today else str(one.unit)
             for one in row.places_today])

    @admin.display(description="Huomioitavaa")
    def notes(self, row):
        return ", ".join((["turvakielto"] if row.restricted else []) + (["allergia"] if row.allergies else []))


class ReadOnly(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class Guardians(ReadOnly):
    model, fk_name, autocomplete_fields = Guardian, "child", ("guardian",)
    fields = ("guardian", "phone", "email", "blocked")
    readonly_fields = ("phone", "email")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("guardian")

    def phone(self, row):
        return row.guardian.phone

    def email(self, row):
        return row.guardian.email


class Places(ReadOnly):
    model, autocomplete_fields = Placement, ("unit",)
    fields = ("unit", "care_type", "start_date", "end_date")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("unit")


class Applications(ReadOnly):
    model, fields = Application, ("start_date", "received", "due", "status")


class Decisions(ReadOnly):
    model, autocomplete_fields = Decision, ("unit",)
    fields = ("number", "unit", "start_date", "end_date", "status")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("unit")


@admin.register(ChildFile)
class ChildFileAdmin(admin.ModelAdmin):
    inlines = (Places, Guardians, Applications, Decisions)
    search_fields = ("search_key__contains",)
    fields = PersonAdmin.fields

    def has_change_permission(self, request, obj=None):
        return False


urlpatterns = [path("admin/", admin.site.urls)]
app = get_wsgi_application()


def prepare() -> None:
    """Django's own tables, whoever logs in, and the index that its documentation recommends for LIKE."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("bench", password="bench")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("CREATE INDEX bench_person_words ON person USING gin (search_key gin_trgm_ops)")
            cursor.execute("ANALYZE person")


if __name__ == "__main__":
    prepare()

"""What Django asks of a database, printed: the database is named by libpq's environment variables."""
import datetime
import os
import sys
import types
import uuid
from decimal import Decimal

import django
from django.conf import settings

# An application without files.
goods = types.ModuleType("goods")
goods.__file__, goods.__path__ = __file__, []
sys.modules["goods"] = goods
settings.configure(
    MIGRATION_MODULES={"goods": None},
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], "PASSWORD": os.environ["PGPASSWORD"],
                           "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.admin", "django.contrib.messages", "django.contrib.postgres", "goods"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, SECRET_KEY="not one", MIDDLEWARE=[], TEMPLATES=[])
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.contrib.postgres import fields as pg  # noqa: E402
from django.contrib.postgres import indexes as pgi  # noqa: E402
from django.contrib.postgres.aggregates import ArrayAgg, BoolOr, JSONBAgg, StringAgg  # noqa: E402
from django.contrib.postgres.constraints import ExclusionConstraint  # noqa: E402
from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector, TrigramSimilarity  # noqa: E402, F401
from django.core.management import call_command  # noqa: E402
from django.db import connection, migrations, models, transaction  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402
from django.db.migrations.state import ProjectState  # noqa: E402
from django.db.models import Avg, Case, Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, StdDev, Subquery, Sum, Value, When, Window  # noqa: E402
from django.db.models.functions import Cast, Coalesce, Concat, DenseRank, Extract, ExtractYear, FirstValue, Greatest, JSONObject, Lag, Left, Length, Lower, Now, NullIf, Rank, Round, RowNumber, StrIndex, Substr, Trim, TruncDay, TruncMonth, Upper  # noqa: E402, E501


class Maker(models.Model):
    name = models.CharField(max_length=100, unique=True)
    site = models.URLField(blank=True, null=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="below")

    class Meta:
        app_label = "goods"
        ordering = ["name"]


class Tag(models.Model):
    word = models.SlugField(db_index=True)

    class Meta:
        app_label = "goods"


class Thing(models.Model):
    maker = models.ForeignKey(Maker, on_delete=models.CASCADE, related_name="things")
    tags = models.ManyToManyField(Tag, related_name="things")
    title = models.TextField(db_comment="what it is called")
    price = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("1.50"))
    stock = models.PositiveIntegerField(default=0)
    small = models.SmallIntegerField(null=True)
    weight = models.FloatField(null=True)
    sold = models.BooleanField(default=False)
    made = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    clock = models.TimeField(null=True)
    took = models.DurationField(null=True)
    key = models.UUIDField(default=uuid.UUID(int=1))
    address = models.GenericIPAddressField(null=True)
    data = models.JSONField(default=dict)
    blob = models.BinaryField(null=True)
    words = pg.ArrayField(models.CharField(max_length=20), default=list)
    span = pg.IntegerRangeField(null=True)
    double = models.GeneratedField(expression=F("stock") * 2, output_field=models.IntegerField(), db_persist=True)

    class Meta:
        app_label = "goods"
        indexes = [pgi.GinIndex(fields=["words"], name="thing_words"), pgi.BrinIndex(fields=["made"], name="thing_made"), models.Index(Lower("title"), name="thing_lower"),
                   models.Index(fields=["price"], include=["stock"], condition=Q(sold=False), name="thing_unsold"), pgi.GistIndex(fields=["span"], name="thing_span")]
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="thing_price"), models.UniqueConstraint(fields=["maker", "title"], name="thing_title"),
                       ExclusionConstraint(name="thing_spans", expressions=[("span", "&&")], condition=Q(sold=True))]


def show(name, value):
    """One line of what was found."""
    print(name, "=", value)


def migrate():
    """As `migrate` does it, for models that no file holds; then a second migration that changes what the first made."""
    call_command("migrate", verbosity=1, interactive=False)
    state = ProjectState()
    with connection.schema_editor(atomic=True) as editor:
        for model in (Maker, Tag, Thing):
            editor.create_model(model)
    steps = [migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), ("text", models.CharField(max_length=10, default="x"))]),
             migrations.AddField("Note", "level", models.IntegerField(null=True)), migrations.AlterField("Note", "level", models.BigIntegerField(default=5)),
             migrations.AddIndex("Note", models.Index(fields=["level"], name="note_level")), migrations.RenameField("Note", "text", "body"),
             migrations.AlterField("Note", "body", models.TextField(unique=True)), migrations.AddConstraint("Note", models.CheckConstraint(condition=Q(level__gt=0), name="note_positive")),
             migrations.AlterUniqueTogether("Note", {("body", "level")}), migrations.RenameIndex("Note", new_name="note_by_level", old_name="note_level"),
             migrations.RunSQL("INSERT INTO goods_note (body, level) VALUES ('a', 1)", "DELETE FROM goods_note"), migrations.AlterModelTableComment("Note", "short ones"),
             migrations.RemoveConstraint("Note", "note_positive"), migrations.AlterUniqueTogether("Note", set()),
             migrations.RemoveIndex("Note", "note_by_level"), migrations.RemoveField("Note", "level"), migrations.RenameModel("Note", "Memo"), migrations.DeleteModel("Memo")]
    for step in steps:
        new = state.clone()
        step.state_forwards("goods", new)
        with connection.schema_editor(atomic=True) as editor:
            step.database_forwards("goods", editor, state, new)
        state = new
    show("migrations", sorted(MigrationExecutor(connection).loader.applied_migrations)[:3])


def fill():
    """Inserts of every kind."""
    makers = Maker.objects.bulk_create([Maker(name=f"maker {n}", site=f"https://{n}.example.org") for n in range(5)])
    Maker.objects.filter(pk=makers[1].pk).update(parent=makers[0])
    tags = Tag.objects.bulk_create([Tag(word=w) for w in ("red", "green", "blue")])
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    for n in range(20):
        thing = Thing.objects.create(maker=makers[n % 5], title=f"thing {n}", price=Decimal(n), stock=n, small=n % 3, weight=n / 3, made=at + datetime.timedelta(days=n), day=at.date(), clock=datetime.time(1, 2),
                                     took=datetime.timedelta(minutes=n), address="192.0.2.1", data={"n": n, "deep": {"list": [n, "x"]}}, blob=b"\0\xff", words=["a", f"w{n}"], span=(n * 10, n * 10 + 5))
        thing.tags.add(*tags[: n % 3 + 1])
    Maker.objects.bulk_create([Maker(name="maker 1", site="new")], update_conflicts=True, unique_fields=["name"], update_fields=["site"])
    Maker.objects.bulk_create([Maker(name="maker 1")], ignore_conflicts=True)
    show("get_or_create", Maker.objects.get_or_create(name="maker 9")[1])
    show("update_or_create", Maker.objects.update_or_create(name="maker 9", defaults={"site": "s"})[1])
    some = list(Thing.objects.order_by("id")[:5])
    for thing in some:
        thing.stock += 100
    show("bulk_update", Thing.objects.bulk_update(some, ["stock"]))
    user = User.objects.create_user("ann", "ann@example.org", None)
    user.groups.add(Group.objects.create(name="all"))
    show("perm", user.has_perm("auth.add_user"))


def ask():
    """Queries of every kind."""
    t = Thing.objects.order_by("id")
    asks = {
        "filter": t.filter(Q(price__gt=3) & ~Q(title__icontains="9") | Q(stock__in=[1, 2]), maker__name__startswith="maker").values_list("id"),
        "lookups": t.filter(title__iregex=r"^thing \d$", made__year=2024, made__date__gte="2024-01-02", clock__hour=1, weight__range=(0, 5), small__isnull=False).values_list("id"),
        "annotate": t.annotate(n=Count("tags", distinct=True), total=F("price") * F("stock"), low=Lower("title")).filter(n__gt=1).values_list("id", "n", "total", "low"),
        "group": Thing.objects.values("maker__name").annotate(Sum("price"), Avg("weight"), Max("made"), Min("day"), StdDev("stock"), c=Count("id", filter=Q(sold=False))).order_by("maker__name"),
        "window": t.annotate(r=Window(Rank(), partition_by="maker", order_by=F("price").desc()), d=Window(DenseRank(), order_by="small"), l=Window(Lag("stock", 1), order_by="id"),
                             f=Window(FirstValue("title"), partition_by=["maker"], order_by="id"), n=Window(RowNumber(), order_by="id")).values_list("id", "r", "d", "l", "f", "n"),
        "window filter": t.annotate(r=Window(RowNumber(), partition_by="maker", order_by="-price")).filter(r=1).values_list("id"),
        "subquery": Maker.objects.annotate(newest=Subquery(Thing.objects.filter(maker=OuterRef("pk")).order_by("-made").values("title")[:1])).values_list("name", "newest"),
        "exists": Maker.objects.filter(Exists(Thing.objects.filter(maker=OuterRef("pk"), price__gt=15))).values_list("name"),
        "in": t.filter(maker__in=Maker.objects.filter(name__endswith="1")).values_list("id"),
        "json": t.filter(data__deep__list__0__gt=3, data__n__in=[4, 5, 6], data__has_key="n").values_list("data__deep", "data__n"),
        "json contains": t.filter(data__contains={"n": 4}).values_list("id"), "json keys": t.filter(data__has_any_keys=["n", "z"]).count(),
        "array": t.filter(words__contains=["a"], words__overlap=["w1", "w2"], words__len=2, words__0="a").values_list("words"),
        "range": t.filter(span__contains=12, span__overlap=(0, 50), span__startswith__gte=1).values_list("span"),
        "case": t.annotate(k=Case(When(price__lt=5, then=Value("cheap")), When(price__lt=10, then=Value("fair")), default=Value("dear"))).values_list("k").distinct().order_by("k"),
        "functions": t.annotate(a=Concat("title", Value("/"), "maker__name", output_field=models.TextField()), b=Coalesce("small", Value(0)), c=Substr("title", 1, 3), d=Extract("made", "week"), e=TruncMonth("made"), f=Cast("price", models.TextField()),
                                g=Greatest("stock", "stock"), h=StrIndex("title", Value("g")), i=Length(Trim(Upper("title"))), j=NullIf("small", Value(1)), k=Round("weight", 1), o=Left("title", 2))
        .values_list("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "o")[:3],
        "aggregates": Maker.objects.annotate(a=ArrayAgg("things__title", ordering="things__id"), s=StringAgg("things__title", delimiter=",", ordering="things__id"), b=BoolOr("things__sold"),
                                             j=JSONBAgg("things__stock", ordering="things__id")).values_list("a", "s", "b", "j"),
        "search": t.annotate(v=SearchVector("title", config="simple"), q=SearchRank(SearchVector("title", config="simple"), SearchQuery("thing", config="simple")))
        .filter(v=SearchQuery("thing & 4", search_type="raw", config="simple")).values_list("id", "q"),
        "headline": t.annotate(h=SearchHeadline("title", SearchQuery("thing", config="simple"), config="simple")).values_list("h")[:2], "search lookup": t.filter(title__search="thing").count(),
        "union": t.filter(id__lt=3).values_list("id").union(t.filter(id__gt=18).values_list("id"), all=True).order_by("id"), "intersection": t.values_list("maker_id").intersection(Maker.objects.values_list("id")).order_by("maker_id"),
        "difference": Maker.objects.order_by().values_list("id").difference(Thing.objects.order_by().values_list("maker_id")), "distinct on": t.order_by("maker_id", "-price").distinct("maker_id").values_list("maker_id", "price"),
        "dates": Thing.objects.datetimes("made", "week"), "select_related": [x.maker.parent and x.maker.parent.name for x in t.select_related("maker__parent")],
        "prefetch": [[x.word for x in y.tags.all()] for y in t.prefetch_related("tags", Prefetch("maker", Maker.objects.only("name")))], "defer": [x.title for x in t.defer("data", "blob")[:2]], "raw": [x.title for x in Thing.objects.raw("SELECT id, title FROM goods_thing WHERE id < %s ORDER BY id", [4])],
        "extra": t.extra(select={"plus": "stock + 1"}, where=["price < %s"], params=[3]).values_list("plus"), "iterator": [x for x in t.values_list("id").iterator(chunk_size=3)], "in_bulk": sorted(Maker.objects.in_bulk()),
        "reverse": t.reverse().values_list("id")[2:5], "first": t.filter(sold=True).first(), "exists?": t.filter(price=3).exists(), "aggregate": Thing.objects.aggregate(c=Count("*"), x=Sum(F("price") * 2), y=Avg("took")), "explain": "Scan" in t.explain(analyze=False, verbose=True),
        "json object": t.annotate(o=JSONObject(a="title", b=F("stock"))).values_list("o")[:2], "now": t.filter(made__lt=Now()).count(), "regroup": Thing.objects.annotate(y=ExtractYear("made"), d=TruncDay("made")).values("y").annotate(c=Count("id")).order_by("y"),
        "contains all": t.filter(tags__word__in=["red"]).exclude(tags__word="blue").values_list("id").distinct(), "bytes": t.filter(blob=b"\0\xff").count(), "uuid": t.filter(key=uuid.UUID(int=1)).count(),
        "random": t.order_by("?").count(), "nulls": t.order_by(F("small").desc(nulls_last=True), "id").values_list("id")[:3], "bit": t.annotate(b=F("stock").bitand(3)).values_list("b")[:4],
    }
    for name, value in asks.items():
        show(name, list(value) if hasattr(value, "query") else value)


def change():
    """Writes, locks, transactions."""
    show("update", Thing.objects.filter(price__lt=3).update(stock=F("stock") + 1, sold=Case(When(stock=5, then=True), default=False)))
    show("update sub", Thing.objects.update(small=Subquery(Maker.objects.filter(pk=OuterRef("maker")).values("id")[:1])))
    with transaction.atomic():
        show("lock", list(Thing.objects.select_for_update(skip_locked=True, of=("self",)).select_related("maker").filter(id=1).values_list("id")))
        show("lock 2", list(Thing.objects.select_for_update(no_key=True, nowait=True).filter(id=2).values_list("id")))
        with transaction.atomic():
            Thing.objects.filter(id=3).delete()
            transaction.set_rollback(True)
    show("delete", Maker.objects.filter(name="maker 2").delete())
    show("raw delete", Tag.objects.filter(word="blue").delete())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM goods_thing WHERE price BETWEEN %s AND %s", [1, 5])
        show("cursor", cursor.fetchall())
        show("tables", sorted(connection.introspection.table_names(cursor, include_views=True)))
        for table in ("goods_thing", "goods_maker", "auth_user"):
            show(table, [f.name for f in connection.introspection.get_table_description(cursor, table)])
            show("constraints", sorted(connection.introspection.get_constraints(cursor, table)))
            show("sequences", connection.introspection.get_sequences(cursor, table))
            show("relations", connection.introspection.get_relations(cursor, table))
    call_command("inspectdb", "goods_thing", "goods_maker", "auth_user")
    call_command("sqlsequencereset", "auth")
    call_command("sqlflush")
    call_command("dumpdata", "auth", indent=1, natural_foreign=True, exclude=["auth.user", "auth.permission"])
    call_command("flush", interactive=False, verbosity=0)
    show("flushed", User.objects.count())
    with connection.schema_editor() as editor:
        for model in (Thing, Tag, Maker):
            editor.delete_model(model)
    call_command("migrate", "auth", "0008", verbosity=1)
    call_command("migrate", "auth", "zero", verbosity=1)


call_command("showmigrations", verbosity=1)
with connection.cursor() as c:
    c.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
migrate()
fill()
ask()
change()

"""What SQLAlchemy and Alembic ask of a database, printed: the database is named by libpq's environment variables."""
import datetime
import os
from decimal import Decimal

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import func as f
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, relationship, selectinload, subqueryload

url = sa.URL.create("postgresql+psycopg", *(os.environ[k] for k in ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")))
engine = sa.create_engine(url)


class Base(DeclarativeBase):
    pass


class Maker(Base):
    __tablename__ = "maker"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50), unique=True, comment="what it is called")
    things: Mapped[list["Thing"]] = relationship(back_populates="maker", cascade="all, delete-orphan")


class Thing(Base):
    __tablename__ = "thing"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    maker_id: Mapped[int] = mapped_column(sa.ForeignKey("maker.id", ondelete="CASCADE"))
    maker: Mapped[Maker] = relationship(back_populates="things")
    price: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2), server_default="1")
    stock: Mapped[int | None]
    twice: Mapped[int | None] = mapped_column(sa.Computed("stock * 2", persisted=True))
    kind: Mapped[str | None] = mapped_column(sa.Enum("small", "large", name="size"))
    data: Mapped[dict | None] = mapped_column(pg.JSONB)
    words: Mapped[list | None] = mapped_column(pg.ARRAY(sa.String))
    span: Mapped[object | None] = mapped_column(pg.INT4RANGE)
    made: Mapped[datetime.datetime | None] = mapped_column(sa.DateTime(timezone=True), server_default=f.now())
    __table_args__ = (sa.CheckConstraint("price >= 0", name="positive"), sa.Index("thing_words", "words", postgresql_using="gin"), sa.Index("thing_stock", sa.text("stock DESC"), postgresql_where=sa.text("stock > 3"), postgresql_include=["price"]),
                      pg.ExcludeConstraint(("span", "&&"), name="apart", using="gist"), {"comment": "what is made"})


def show(name, value):
    """One line of what was found."""
    print(name, "=", value)


Base.metadata.create_all(engine)
Base.metadata.create_all(engine)
with Session(engine) as s:
    s.add_all([Maker(name=f"maker {n}", things=[Thing(stock=n * k, kind="small", data={"n": n, "list": [k]}, words=["a", str(k)], price=Decimal(k), made=datetime.datetime(2024, 1, k + 1, tzinfo=datetime.timezone.utc)) for k in range(4)]) for n in range(4)])
    s.commit()
    s.execute(pg.insert(Maker).values([{"name": "maker 1"}, {"name": "new"}]).on_conflict_do_update(index_elements=["name"], set_={"name": f.concat(sa.literal_column("excluded.name"), "!")}).returning(Maker.id))
    s.execute(pg.insert(Maker).values(name="maker 2").on_conflict_do_nothing())
    t, other = Thing, aliased(Thing)
    top = sa.select(t.maker_id, f.max(t.price).label("most")).group_by(t.maker_id).having(f.count() > 1).cte("top")
    tree = sa.select(sa.literal(1).label("n")).cte("tree", recursive=True)
    tree = tree.union_all(sa.select(tree.c.n + 1).where(tree.c.n < 4))
    near = sa.select(other.id).where(other.maker_id == t.maker_id, other.id < t.id).order_by(other.id.desc()).limit(1).lateral("near")
    asks = {
        "cte": sa.select(Maker.name, top.c.most).join(top, top.c.maker_id == Maker.id).order_by(Maker.name), "recursive": sa.select(tree.c.n).order_by("n"),
        "window": sa.select(t.id, f.row_number().over(partition_by=t.maker_id, order_by=t.price.desc()), f.sum(t.stock).over(order_by=t.id, rows=(-1, 1))).order_by(t.id),
        "lateral": sa.select(t.id, near.c.id).join(near, sa.true(), isouter=True).order_by(t.id), "exists": sa.select(Maker.name).where(Maker.things.any(Thing.price > 2)).order_by(Maker.name),
        "json": sa.select(t.data["n"].astext, t.data[("list", "0")].as_integer()).where(t.data.contains({"n": 2}), t.data.has_key("list")).order_by(t.id), "path": sa.select(f.jsonb_path_query(t.data, sa.cast("$.list[*]", pg.JSONPATH))).order_by(t.id).limit(2),
        "array": sa.select(t.id, t.words[1], f.array_length(t.words, 1)).where(t.words.contains(["a"]), t.words.any("1")).order_by(t.id), "unnest": sa.select(f.unnest(pg.array([1, 2])).column_valued("w")),
        "aggregate": sa.select(f.array_agg(pg.aggregate_order_by(t.id, t.price)), f.string_agg(t.kind.cast(sa.Text), ",").filter(t.id < 4), f.percentile_cont(0.5).within_group(t.price)),
        "case": sa.select(sa.case((t.price > 2, "dear"), else_="cheap"), f.coalesce(t.stock, 0), sa.cast(t.price, sa.Integer), sa.extract("year", t.made), f.date_trunc("day", t.made)).order_by(t.id).limit(4),
        "union": sa.union(sa.select(t.id).where(t.id < 3), sa.select(t.id).where(t.id > 12)).order_by("id"), "except": sa.except_(sa.select(Maker.id), sa.select(t.maker_id)), "values": sa.select(sa.values(sa.column("x", sa.Integer), name="v").data([(1,), (2,)])),
        "in": sa.select(t.id).where(t.id.in_([1, 2, 3]), sa.tuple_(t.id, t.maker_id).in_([(1, 1), (2, 1)])).order_by(t.id), "distinct on": sa.select(t.maker_id, t.id).distinct(t.maker_id).order_by(t.maker_id, t.price.desc()),
        "grouping": sa.select(t.maker_id, t.kind, f.count()).group_by(f.grouping_sets(sa.tuple_(t.maker_id), sa.tuple_(t.kind))).order_by(t.maker_id, t.kind), "like": sa.select(Maker.id).where(Maker.name.ilike("MAKER%"), Maker.name.regexp_match("1|2")).order_by(Maker.id),
        "search": sa.select(Maker.id).where(f.to_tsvector("simple", Maker.name).bool_op("@@")(f.to_tsquery("simple", "maker"))).order_by(Maker.id), "lock": sa.select(t.id).where(t.id == 1).with_for_update(skip_locked=True, of=t), "share": sa.select(t.id).where(t.id == 2).with_for_update(read=True, key_share=True),
        "sample": sa.select(f.count()).select_from(sa.tablesample(t.__table__, f.bernoulli(100))), "table function": sa.select(f.generate_series(1, 3).table_valued("n", with_ordinality="o").render_derived()), "range": sa.select(f.int4range(1, 5).op("@>")(3)),
    }
    for name, ask in asks.items():
        show(name, s.execute(ask).all())
    show("selectin", [[x.id for x in m.things] for m in s.scalars(sa.select(Maker).options(selectinload(Maker.things)).order_by(Maker.id))])
    show("subquery", [[x.id for x in m.things] for m in s.scalars(sa.select(Maker).options(subqueryload(Maker.things)).order_by(Maker.id))])
    show("stream", [x.id for x in s.scalars(sa.select(t).order_by(t.id).execution_options(yield_per=5))])
    show("update", s.execute(sa.update(t).where(t.maker_id == Maker.id, Maker.name == "new").values(stock=t.stock + 1).execution_options(synchronize_session=False)).rowcount)
    show("returning", s.execute(sa.update(t).where(t.id == 1).values(stock=sa.select(f.count()).select_from(Maker).scalar_subquery()).returning(t.stock)).all())
    with s.begin_nested():
        s.execute(sa.delete(t).where(t.id == 3))
    s.delete(s.get(Maker, 1))
    s.commit()

inspector = sa.inspect(engine)
for table in ("maker", "thing"):
    show(table, [(c["name"], str(c["type"])) for c in inspector.get_columns(table)])
    for kind in ("pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints", "table_comment"):
        show(kind, getattr(inspector, f"get_{kind}")(table))
show("names", (inspector.get_schema_names(), inspector.get_view_names(), inspector.get_sequence_names(), inspector.get_enums(), inspector.get_materialized_view_names(), inspector.has_table("maker")))
reflected = sa.MetaData()
reflected.reflect(engine, views=True)
show("reflected", sorted(reflected.tables))
with engine.begin() as connection:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    op = Operations(context)
    context._ensure_version_table()
    op.create_table("note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(10)))
    op.add_column("note", sa.Column("level", sa.Integer, server_default="5", nullable=False))
    op.alter_column("note", "text", type_=sa.Text(), new_column_name="body", nullable=False)
    op.alter_column("note", "level", server_default=None, comment="how much")
    op.create_index("note_level", "note", ["level"], unique=True)
    op.create_check_constraint("note_positive", "note", "level > 0")
    op.create_foreign_key("note_maker", "note", "maker", ["level"], ["id"], ondelete="SET NULL", deferrable=True)
    op.bulk_insert(sa.table("note", sa.column("body"), sa.column("level")), [{"body": "x", "level": 2}])
    op.execute("ALTER TYPE size ADD VALUE IF NOT EXISTS 'huge'")
    show("changes", [str(c[0]) for c in compare_metadata(context, Base.metadata)])
    op.drop_constraint("note_maker", "note", type_="foreignkey")
    op.drop_index("note_level", table_name="note")
    op.rename_table("note", "memo")
    op.drop_column("memo", "level")
    op.drop_table("memo")
Base.metadata.drop_all(engine)

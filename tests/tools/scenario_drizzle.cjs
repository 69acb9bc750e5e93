// What Drizzle asks of a database, printed: migrations, queries of both kinds, writes, transactions.
// Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Pool } = require('pg')
const { drizzle } = require('drizzle-orm/node-postgres')
const { migrate } = require('drizzle-orm/node-postgres/migrator')
const o = require('drizzle-orm')
const { sql, eq, and, or, gt, lt, asc, desc } = o
const p = require('drizzle-orm/pg-core')
const show = (name, value) => console.log(name, '=', JSON.stringify(value))
const day = (n) => new Date(Date.UTC(2024, 0, 1 + n))

const size = p.pgEnum('size', ['small', 'large'])
const makers = p.pgTable('makers', { id: p.serial().primaryKey(), name: p.varchar({ length: 50 }).notNull().unique(), aboveId: p.integer('above_id') })
const things = p.pgTable('things', { id: p.bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(), makerId: p.integer('maker_id').references(() => makers.id), title: p.text().notNull(), price: p.numeric({ precision: 10, scale: 2 }).default('1'), stock: p.integer().default(0), size: size(), data: p.jsonb(), words: p.text().array(), made: p.timestamp({ withTimezone: true }).defaultNow(), day: p.date(), sold: p.boolean().default(false), key: p.uuid().defaultRandom() })
const tags = p.pgTable('tags', { word: p.text().primaryKey() })
const both = p.pgTable('things_tags', { thingId: p.bigint('thing_id', { mode: 'number' }).references(() => things.id, { onDelete: 'cascade' }), word: p.text().references(() => tags.word) }, (t) => [p.primaryKey({ columns: [t.thingId, t.word] })])
const dear = p.pgView('dear').as((q) => q.select({ id: things.id, title: things.title }).from(things).where(gt(things.price, '5')))
const sums = p.pgMaterializedView('sums').as((q) => q.select({ makerId: things.makerId, n: o.count().as('n') }).from(things).groupBy(things.makerId))
const relations = { makerRelations: o.relations(makers, ({ one, many }) => ({ things: many(things), above: one(makers, { fields: [makers.aboveId], references: [makers.id] }) })), thingRelations: o.relations(things, ({ one, many }) => ({ maker: one(makers, { fields: [things.makerId], references: [makers.id] }), tags: many(both) })), bothRelations: o.relations(both, ({ one }) => ({ thing: one(things, { fields: [both.thingId], references: [things.id] }), tag: one(tags, { fields: [both.word], references: [tags.word] }) })) }

// As drizzle-kit writes them.
const steps = [`CREATE TYPE "public"."size" AS ENUM('small', 'large');--> statement-breakpoint
CREATE TABLE "makers" ("id" serial PRIMARY KEY NOT NULL, "name" varchar(50) NOT NULL, "above_id" integer, CONSTRAINT "makers_name_unique" UNIQUE("name"));--> statement-breakpoint
CREATE TABLE "things" ("id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "things_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1), "maker_id" integer, "title" text NOT NULL, "price" numeric(10, 2) DEFAULT '1', "stock" integer DEFAULT 0, "size" "size", "data" jsonb, "words" text[], "made" timestamp with time zone DEFAULT now(), "day" date, "sold" boolean DEFAULT false, "key" uuid DEFAULT gen_random_uuid());--> statement-breakpoint
CREATE TABLE "tags" ("word" text PRIMARY KEY NOT NULL);--> statement-breakpoint
CREATE TABLE "things_tags" ("thing_id" bigint, "word" text, CONSTRAINT "things_tags_pk" PRIMARY KEY("thing_id","word"));`,
`ALTER TABLE "things" ADD CONSTRAINT "things_maker_id_makers_id_fk" FOREIGN KEY ("maker_id") REFERENCES "public"."makers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "things_tags" ADD CONSTRAINT "thing" FOREIGN KEY ("thing_id") REFERENCES "public"."things"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "by_price" ON "things" USING btree ("price" DESC NULLS LAST,"stock") WHERE "things"."sold" = false;--> statement-breakpoint
CREATE VIEW "public"."dear" AS (select "id", "title" from "things" where "things"."price" > '5');--> statement-breakpoint
CREATE MATERIALIZED VIEW "public"."sums" AS (select "maker_id", count(*) as "n" from "things" group by "things"."maker_id");`]

async function queries (db) {
  const s = db.select().from(things).orderBy(asc(things.id))
  const some = db.$with('some').as(db.select({ makerId: things.makerId, most: o.max(things.price).as('most') }).from(things).groupBy(things.makerId))
  const above = p.alias(makers, 'above')
  const prepared = db.select({ id: things.id }).from(things).where(eq(things.stock, sql.placeholder('n'))).prepare('by_stock')
  const ids = (where) => db.select({ id: things.id }).from(things).where(where).orderBy(things.id).then((r) => r.map((x) => x.id))
  const asks = {
    filters: ids(and(gt(things.price, '1'), or(o.ilike(things.title, 'THING%'), o.isNull(things.size)), o.inArray(things.stock, [1, 2, 3]), o.between(things.stock, 1, 9), o.not(eq(things.sold, true)), o.ne(things.id, 3))), arrays: ids(and(o.arrayContains(things.words, ['a']), o.arrayOverlaps(things.words, ['w1', 'w2']), o.arrayContained(things.words, ['a', 'w1', 'w2']))), exists: ids(o.exists(db.select().from(both).where(and(eq(both.thingId, things.id), eq(both.word, 'green'))))), notIn: ids(o.notInArray(things.makerId, db.select({ id: makers.id }).from(makers).where(eq(makers.name, 'maker 1')))), json: ids(sql`${things.data}->>'n' = ${'2'} and ${things.data} @> ${'{"n":2}'}::jsonb`),
    join: db.select({ id: things.id, name: makers.name, above: above.name, low: sql`lower(${things.title})` }).from(things).innerJoin(makers, eq(makers.id, things.makerId)).leftJoin(above, eq(above.id, makers.aboveId)).orderBy(desc(things.price)).limit(3).offset(1), group: db.select({ m: things.makerId, n: o.count(), s: o.sum(things.stock), a: o.avg(things.price), d: o.countDistinct(things.size), x: o.min(things.made) }).from(things).groupBy(things.makerId).having(({ n }) => gt(n, 1)).orderBy(things.makerId), cte: db.with(some).select().from(some).innerJoin(makers, eq(makers.id, some.makerId)).orderBy(some.most), sub: (() => { const q = db.select().from(things).where(gt(things.stock, 3)).as('q'); return db.select({ id: q.id }).from(q).orderBy(q.id) })(),
    union: p.union(db.select({ x: things.title }).from(things), db.select({ x: makers.name }).from(makers)).orderBy(sql`1`).limit(4), except: db.select({ x: makers.id }).from(makers).except(db.select({ x: things.makerId }).from(things)), intersectAll: db.select({ x: makers.id }).from(makers).intersectAll(db.select({ x: things.makerId }).from(things)).orderBy(sql`1`), distinct: db.selectDistinct({ size: things.size }).from(things).orderBy(things.size), distinctOn: db.selectDistinctOn([things.makerId], { m: things.makerId, id: things.id }).from(things).orderBy(things.makerId, desc(things.id)), lateral: (() => { const l = db.select({ id: things.id }).from(things).where(eq(things.makerId, makers.id)).orderBy(desc(things.id)).limit(1).as('l'); return db.select({ n: makers.name, id: l.id }).from(makers).leftJoinLateral(l, sql`true`).orderBy(makers.id) })(), cross: db.select({ n: o.count() }).from(things).crossJoin(tags),
    prepared: Promise.all([1, 2, 3].map((n) => prepared.execute({ n }))), count: db.$count(things, gt(things.stock, 2)), view: db.select().from(dear).orderBy(dear.id), dynamic: s.$dynamic().limit(1).then((r) => r.map((x) => x.title)), raw: db.execute(sql`select ${things.id} from ${things} where ${things.stock} = any(${sql.param([1, 2])}) order by 1`).then((r) => r.rows), window: db.select({ id: things.id, r: sql`rank() over (partition by ${things.makerId} order by ${things.price})` }).from(things).orderBy(things.id).limit(2),
    many: db.query.makers.findMany({ columns: { name: true }, with: { above: { columns: { name: true } }, things: { columns: { id: true }, extras: { low: sql`lower(${things.title})`.as('low') }, where: gt(things.stock, 1), orderBy: [desc(things.id)], limit: 2, with: { tags: { with: { tag: true } } } } }, orderBy: makers.id, limit: 2, offset: 1 }), first: db.query.things.findFirst({ where: (t, { eq }) => eq(t.id, 2), with: { maker: true }, columns: { made: false, key: false } })
  }
  for (const [name, ask] of Object.entries(asks)) show(name, await ask)
}

async function main () {
  const migrationsFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'tollgate-drizzle-'))
  process.on('exit', () => fs.rmSync(migrationsFolder, { recursive: true, force: true }))
  fs.mkdirSync(path.join(migrationsFolder, 'meta'))
  steps.forEach((text, n) => fs.writeFileSync(path.join(migrationsFolder, `${n}_step.sql`), text))
  fs.writeFileSync(path.join(migrationsFolder, 'meta', '_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries: steps.map((_, n) => ({ idx: n, version: '7', when: 1700000000000 + n, tag: `${n}_step`, breakpoints: true })) }))
  const pool = new Pool({ max: 3 })
  const db = drizzle(pool, { schema: { makers, things, tags, both, ...relations } })
  await migrate(db, { migrationsFolder })
  await migrate(db, { migrationsFolder })
  show('insert', await db.insert(makers).values([{ name: 'maker 1' }, { name: 'maker 2', aboveId: 1 }, { name: 'maker 3', aboveId: 1 }, { name: 'maker 4' }]).returning({ id: makers.id }))
  await db.insert(tags).values(['red', 'green', 'blue'].map((word) => ({ word })))
  await db.insert(things).values(Array.from({ length: 8 }, (_, n) => ({ makerId: n % 3 + 1, title: `thing ${n}`, price: `${n + 1}`, stock: n, size: n % 2 ? 'small' : 'large', data: { n }, words: ['a', `w${n}`], made: day(n), day: '2024-01-02' })))
  await db.insert(both).select(db.select({ thingId: things.id, word: sql`case when ${things.stock} % 2 = 0 then 'red' else 'green' end`.as('word') }).from(things))
  show('upsert', await db.insert(makers).values([{ id: 1, name: 'maker 1' }, { id: 9, name: 'maker 9' }]).onConflictDoUpdate({ target: makers.id, set: { name: sql`excluded.name || '!'` }, setWhere: gt(makers.id, 0) }).returning())
  await db.insert(makers).values({ name: 'maker 2' }).onConflictDoNothing({ target: makers.name })
  await db.refreshMaterializedView(sums)
  show('sums', await db.select().from(sums).orderBy(sums.makerId))
  await queries(db)
  show('update', await db.update(things).set({ stock: sql`${things.stock} + 1`, sold: true }).where(lt(things.price, '3')).returning({ id: things.id, stock: things.stock }))
  show('update from', await db.update(things).set({ title: makers.name }).from(makers).where(and(eq(makers.id, things.makerId), eq(things.id, 3))).returning({ title: things.title }))
  const cheap = db.$with('cheap').as(db.select({ id: things.id }).from(things).where(lt(things.price, '2')))
  show('delete', [await db.with(cheap).delete(things).where(o.inArray(things.id, db.select({ id: cheap.id }).from(cheap))).returning({ id: things.id }), (await db.delete(both).where(eq(both.word, 'green'))).rowCount])
  await db.transaction(async (tx) => {
    show('locks', [await tx.select().from(things).where(eq(things.id, 2)).for('update', { skipLocked: true, of: things }), await tx.select().from(things).where(eq(things.id, 3)).for('no key update', { noWait: true }), await tx.select().from(makers).where(eq(makers.id, 1)).for('key share')].map((x) => x.length))
    await tx.transaction(async (inner) => { await inner.delete(both); inner.rollback() }).catch((e) => show('nested', e.message))
    await tx.setTransaction({ isolationLevel: 'serializable', accessMode: 'read only' }).catch((e) => show('too late', e.message))
  }, { isolationLevel: 'repeatable read', accessMode: 'read write', deferrable: true }).catch((e) => show('transaction', e.message))
  await pool.end()
}

main().catch((e) => { console.error(e); process.exit(1) })

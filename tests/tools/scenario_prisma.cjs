// What Prisma asks of a database, printed: its command line (push, migrations, introspection) and its client, both without the
// engines in machine code: the wasm ones, over node's pg. Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { Pool } = require('pg')
const { PrismaPg } = require('@prisma/adapter-pg')

const where = fs.mkdtempSync(path.join(os.tmpdir(), 'tollgate-prisma-'))
// The command line looks for packages beside the schema, and would install them.
fs.symlinkSync(process.env.NODE_PATH, path.join(where, 'node_modules'))
process.on('exit', () => fs.rmSync(where, { recursive: true, force: true }))
const file = (name, text) => { fs.mkdirSync(path.dirname(path.join(where, name)), { recursive: true }); fs.writeFileSync(path.join(where, name), text) }
const show = (name, value) => console.log(name, '=', JSON.stringify(value, (k, v) => (typeof v === 'bigint' ? `${v}n` : v)))

const model = (more = '') => `
generator client {
  provider        = "prisma-client-js"
  engineType      = "client"
  output          = "./client"
  previewFeatures = ["relationJoins", "fullTextSearchPostgres", "nativeDistinct", "views", "postgresqlExtensions"]
}
datasource db {
  provider   = "postgresql"
  url        = env("DATABASE_URL")
  extensions = [citext, pgTrgm(map: "pg_trgm")]
}
enum Size {
  small
  large
  @@map("size")
}
model Maker {
  id     Int      @id @default(autoincrement())
  name   String   @unique @db.VarChar(100)
  site   String?  @db.Citext
  above  Maker?   @relation("kin", fields: [aboveId], references: [id], onDelete: SetNull)
  aboveId Int?    @map("above_id")
  below  Maker[]  @relation("kin")
  things Thing[]
  card   Card?
  @@map("makers")
}
model Card {
  makerId Int    @id
  maker   Maker  @relation(fields: [makerId], references: [id], onDelete: Cascade)
  number  String @default(dbgenerated("gen_random_uuid()")) @db.Uuid
}
model Tag {
  word   String  @id
  things Thing[]
}
model Thing {
  id      BigInt    @id @default(autoincrement())
  maker   Maker     @relation(fields: [makerId], references: [id], onDelete: Cascade, onUpdate: Restrict)
  makerId Int
  tags    Tag[]
  title   String
  price   Decimal   @default(1.5) @db.Decimal(10, 2)
  stock   Int       @default(0)
  small   Int?      @db.SmallInt
  weight  Float?
  sold    Boolean   @default(false)
  size    Size?
  sizes   Size[]    @default([small])
  words   String[]
  numbers Int[]
  data    Json?
  plain   Json?     @db.Json
  blob    Bytes?
  day     DateTime? @db.Date
  clock   DateTime? @db.Time(3)
  made    DateTime  @default(now()) @db.Timestamptz(3)
  changed DateTime  @updatedAt
  address String?   @db.Inet
  ${more}
  @@unique([makerId, title], map: "one_title")
  @@index([price(sort: Desc), stock])
  @@index([words], type: Gin)
  @@index([made], type: Brin)
  @@index([title(ops: raw("gin_trgm_ops"))], type: Gin, map: "thing_trigrams")
}
`

// The wasm engine asks for columns of the types name and "char", which the adapter does not know: here it is told what they are.
file('prisma.config.cjs', `
const { PrismaPg } = require('@prisma/adapter-pg')
const { ColumnTypeEnum } = require('@prisma/driver-adapter-utils')
const near = { 18: 25, 19: 25, 1002: 1009, 1003: 1009, 2205: 25, 2206: 25 }
// The engine's own time limits keep a command alive after its work is done, for a minute.
const later = globalThis.setTimeout
globalThis.setTimeout = (f, ms, ...more) => { const t = later(f, ms, ...more); if (ms >= 5000) t.unref(); return t }
async function connect () {
  const made = await new PrismaPg({ allowExitOnIdle: true }).connect()
  const { performIO, queryRaw } = Object.getPrototypeOf(Object.getPrototypeOf(made))
  made.queryRaw = async (query) => {
    let chars
    const once = Object.create(made, { performIO: { value: async (q) => {
      const r = await performIO.call(made, q)
      chars = r.fields.map((f) => f.dataTypeID === 18)
      for (const f of r.fields) f.dataTypeID = near[f.dataTypeID] ?? f.dataTypeID
      return r
    } } })
    const r = await queryRaw.call(once, query)
    return { ...r, columnTypes: r.columnTypes.map((t, n) => (chars[n] ? ColumnTypeEnum.Character : t)) }
  }
  return made
}
module.exports = {
  schema: './schema.prisma',
  migrations: { path: './migrations' },
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => ({ provider: 'postgres', adapterName: '@prisma/adapter-pg', connect, connectToShadowDb: connect })
}
`)

// One command, and what it says but for times. The address is looked at, not used: what connects is the adapter.
function prisma (...words) {
  const cli = path.join(path.dirname(require.resolve('prisma/package.json')), 'build', 'index.js')
  const done = spawnSync(process.execPath, [cli, ...words, '--config', 'prisma.config.cjs'],
    { cwd: where, encoding: 'utf8', env: { ...process.env, DATABASE_URL: 'postgresql://nobody@localhost/none', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', NO_COLOR: '1', CI: '1' } })
  // It advertises, and says where it is.
  show(words.join(' '), done.status)
  if (/pull|diff|status/.test(words)) console.log(done.stdout.replace(/.*(PostgreSQL database|WARNING|specifies|- url|NOT be used|recommend).*\n/g, ''))
  if (done.status !== 0) throw new Error(done.stderr)
}

async function asks (db) {
  const { Prisma } = require(path.join(where, 'client'))
  const day = (n) => new Date(Date.UTC(2024, 0, 1 + n))
  const by = { orderBy: { id: 'asc' } }
  const ids = { select: { id: true }, ...by }
  show('createMany', await db.maker.createMany({ data: Array.from({ length: 4 }, (_, n) => ({ name: `maker ${n}`, site: `https://${n}.example.org` })), skipDuplicates: true }))
  show('createManyAndReturn', await db.maker.createManyAndReturn({ data: [{ name: 'maker 4', aboveId: 1 }], select: { name: true, aboveId: true } }))
  show('nested', await db.maker.create({ data: { name: 'maker 5', card: { create: { number: '00000000-0000-0000-0000-000000000001' } }, above: { connect: { name: 'maker 0' } }, below: { create: [{ name: 'maker 6' }, { name: 'maker 7' }] } }, include: { card: true, below: { orderBy: { name: 'asc' } } } }))
  for (let n = 0; n < 12; n++) {
    await db.thing.create({ data: { maker: { connectOrCreate: { where: { name: `maker ${n % 3}` }, create: { name: 'none' } } }, tags: { connectOrCreate: ['red', `w${n % 4}`].map((word) => ({ where: { word }, create: { word } })) }, title: `thing ${n}`,
      price: `${n}.25`, stock: n, small: n % 3, weight: n / 3, size: n % 2 ? 'small' : 'large', sizes: { set: ['small', 'large'] }, words: ['a', `w${n}`], numbers: [n, n + 1], data: { n, deep: { list: [n, 'x'] }, word: `w${n}` }, plain: n % 5 ? [n] : Prisma.JsonNull,
      blob: Buffer.from([0, 255, n]), day: day(n), clock: day(n), made: day(n), changed: day(n), address: '192.0.2.1' } })
  }
  const filters = {
    equals: { title: 'thing 1' }, not: { title: { not: 'thing 1' } }, in: { stock: { in: [1, 2, 3] } }, notIn: { stock: { notIn: [1, 2] } }, empty: { stock: { in: [] } }, range: { price: { gt: 2, lte: '8.25' }, weight: { gte: 0.1, lt: 4 } }, contains: { title: { contains: '1', startsWith: 'th', endsWith: '1' } },
    insensitive: { title: { contains: 'THING 1', mode: 'insensitive' } }, iequals: { title: { equals: 'THING 1', mode: 'insensitive' } }, iin: { title: { in: ['THING 1'], mode: 'insensitive' } }, null: { size: null }, notNull: { size: { not: null } }, enum: { size: { in: ['small'] } },
    and: { AND: [{ stock: { gt: 1 } }, { OR: [{ sold: true }, { NOT: { small: 1 } }] }] }, has: { words: { has: 'w1' } }, hasSome: { words: { hasSome: ['w1', 'w2'] } }, hasEvery: { numbers: { hasEvery: [1, 2] } }, isEmpty: { words: { isEmpty: false } }, list: { numbers: { equals: [1, 2] } }, sizes: { sizes: { has: 'large' } },
    jsonPath: { data: { path: ['deep', 'list', '0'], equals: 3 } }, jsonContains: { data: { path: ['word'], string_contains: 'w1' } }, jsonStarts: { data: { path: ['word'], string_starts_with: 'w', mode: 'insensitive' } }, jsonArray: { data: { path: ['deep', 'list'], array_contains: ['x'] } },
    jsonFirst: { data: { path: ['deep', 'list'], array_starts_with: 4 } }, jsonGt: { data: { path: ['n'], gt: 5, lte: 8 } }, jsonNull: { plain: { equals: Prisma.AnyNull } }, jsonNot: { data: { not: { n: 1 } } }, dates: { made: { gte: day(2), lt: day(5) }, day: day(3) }, bytes: { blob: Buffer.from([0, 255, 1]) },
    is: { maker: { is: { name: { startsWith: 'maker' }, above: null } } }, isNot: { maker: { isNot: { name: 'maker 1' } } }, some: { tags: { some: { word: 'w1' } } }, every: { tags: { every: { word: { in: ['red', 'w1'] } } } }, none: { tags: { none: { word: 'w1' } } }, deep: { maker: { things: { some: { tags: { some: { word: 'w2' } } } } } },
    column: { stock: { lt: db.thing.fields.small } }, search: { title: { search: 'thing & 4' } }
  }
  for (const [name, filter] of Object.entries(filters)) show(name, (await db.thing.findMany({ where: filter, ...ids })).map((x) => Number(x.id)))
  for (const relationLoadStrategy of ['join', 'query']) {
    show('include', await db.maker.findMany({ relationLoadStrategy, include: { card: true, above: { select: { name: true } }, below: { orderBy: { id: 'desc' } }, things: { where: { stock: { gt: 3 } }, take: 2, skip: 1, include: { tags: { orderBy: { word: 'asc' } } }, omit: { changed: true }, ...by }, _count: { select: { things: true, below: { where: { name: { contains: '6' } } } } } }, ...by }))
    show('one', await db.thing.findUnique({ relationLoadStrategy, where: { makerId_title: { makerId: 1, title: 'thing 3' } }, select: { title: true, maker: { select: { name: true, things: { select: { id: true }, ...by } } }, tags: true } }))
  }
  show('fluent', await db.thing.findFirst({ where: { title: 'thing 2' } }).maker().below(by))
  show('or throw', await db.thing.findUniqueOrThrow({ where: { id: 99n } }).catch((e) => e.code))
  show('orders', await db.thing.findMany({ select: { id: true }, orderBy: [{ small: { sort: 'desc', nulls: 'last' } }, { maker: { name: 'desc' } }, { tags: { _count: 'asc' } }, { id: 'asc' }] }))
  show('relevance', (await db.thing.findMany({ select: { id: true }, orderBy: [{ _relevance: { fields: ['title'], search: 'thing', sort: 'desc' } }, { id: 'asc' }] })).length)
  show('cursor', await db.thing.findMany({ ...ids, cursor: { id: 4n }, skip: 1, take: 3 }))
  show('backwards', await db.thing.findMany({ ...ids, cursor: { id: 9n }, take: -3 }))
  show('distinct', await db.thing.findMany({ distinct: ['small', 'size'], select: { small: true, size: true }, orderBy: [{ small: 'asc' }, { size: 'asc' }] }))
  show('native distinct', (await db.thing.findMany({ distinct: ['small'], select: { small: true } })).length)
  show('count', [await db.thing.count(), await db.thing.count({ select: { _all: true, size: true }, where: { stock: { gt: 2 } }, take: 5 })])
  show('aggregate', await db.thing.aggregate({ _avg: { price: true, stock: true }, _sum: { stock: true, price: true }, _min: { made: true, title: true }, _max: { weight: true }, _count: true, where: { sold: false } }))
  show('groupBy', await db.thing.groupBy({ by: ['makerId', 'size'], _count: { _all: true }, _sum: { stock: true }, _avg: { weight: true }, having: { stock: { _avg: { gt: 1 } }, makerId: { not: 9 } }, orderBy: [{ _sum: { stock: 'desc' } }, { makerId: 'asc' }], skip: 1, take: 4 }))
  show('upsert', [await db.tag.upsert({ where: { word: 'new' }, create: { word: 'new' }, update: {} }), (await db.maker.upsert({ where: { name: 'maker 0' }, create: { name: 'maker 0' }, update: { site: 'x' } })).site])
  show('upsert nested', await db.maker.upsert({ where: { name: 'maker 8' }, create: { name: 'maker 8', card: { create: { number: '00000000-0000-0000-0000-000000000002' } } }, update: { card: { update: { number: '00000000-0000-0000-0000-000000000002' } } }, include: { card: true } }))
  show('update', await db.thing.update({ where: { id: 1n, sold: false }, data: { stock: { increment: 5 }, price: { multiply: 2 }, weight: { divide: 2 }, small: { decrement: 1 }, words: { push: 'z' }, data: { set: 1 }, sold: true, changed: day(1) } }))
  show('updateMany', await db.thing.updateMany({ where: { maker: { name: 'maker 1' } }, data: { stock: { increment: 1 }, plain: Prisma.DbNull }, limit: 3 }))
  show('updateManyAndReturn', (await db.thing.updateManyAndReturn({ where: { stock: { lt: 3 } }, data: { sold: true }, select: { id: true, maker: { select: { name: true } } } })).length)
  show('nested writes', await db.maker.update({ where: { id: 1 }, data: { things: { update: { where: { id: 4n }, data: { title: 'changed' } }, updateMany: { where: { stock: 9 }, data: { sold: true } }, delete: { id: 7n }, deleteMany: { stock: 100 }, create: { title: 'more', changed: day(1), made: day(1), tags: { create: { word: 'made' } } },
    upsert: { where: { id: 10n }, create: { title: 'no' }, update: { title: 'yes' } } }, below: { disconnect: [{ name: 'maker 4' }], connect: [{ name: 'maker 8' }], set: [{ name: 'maker 8' }, { name: 'maker 5' }] } }, include: { things: { select: { title: true }, ...by }, below: by } }))
  show('tags', await db.thing.update({ where: { id: 5n }, data: { tags: { set: [{ word: 'red' }, { word: 'new' }], disconnect: { word: 'w0' } } }, select: { tags: { orderBy: { word: 'asc' } } } }))
  const batch = await db.$transaction([db.thing.count(), db.tag.create({ data: { word: 'batch' } }), db.tag.delete({ where: { word: 'batch' } })], { isolationLevel: 'Serializable' })
  show('batch', batch)
  show('interactive', await db.$transaction(async (t) => {
    await t.$executeRaw`SELECT pg_advisory_xact_lock(${1}::bigint)`
    const [row] = await t.$queryRaw`SELECT id, stock FROM "Thing" WHERE id = ${2n} FOR UPDATE`
    return t.thing.update({ where: { id: row.id }, data: { stock: row.stock + 1 }, select: { stock: true } })
  }, { isolationLevel: 'RepeatableRead' }))
  show('rolled back', await db.$transaction(async (t) => { await t.tag.deleteMany(); throw new Error('back') }).catch((e) => e.message))
  show('conflict', await db.maker.create({ data: { name: 'maker 0' } }).catch((e) => [e.code, e.meta?.target]))
  show('raw', await db.$queryRaw`SELECT t.id, m.name, t.made, t.words, t.data, t.price FROM "Thing" t JOIN makers m ON m.id = t."makerId" WHERE t.stock = ANY(${[3, 4]}) AND t.size = ${'small'}::size ORDER BY t.id`)
  show('composed', await db.$queryRaw(Prisma.sql`SELECT count(*) FROM "Thing" WHERE "makerId" IN (${Prisma.join([1, 2])}) ${Prisma.empty}`))
  show('unsafe', [await db.$queryRawUnsafe('SELECT $1::int + 1 AS n', 41), await db.$executeRawUnsafe('UPDATE "Thing" SET stock = stock WHERE id < $1', 4)])
  show('delete', [await db.thing.delete({ where: { id: 3n }, select: { title: true } }), await db.thing.deleteMany({ where: { tags: { some: { word: 'w2' } } }, limit: 2 }), await db.maker.delete({ where: { name: 'maker 2' }, select: { name: true } }), await db.tag.deleteMany({ where: { things: { none: {} } } })])
}

async function main () {
  file('schema.prisma', model())
  prisma('generate')
  prisma('db', 'push', '--skip-generate')
  prisma('db', 'push', '--skip-generate')
  const db = new (require(path.join(where, 'client')).PrismaClient)({ adapter: new PrismaPg(new Pool(), { disposeExternalPool: true }) })
  await asks(db)
  await db.$disconnect()
  file('schema.prisma', model('weight2 Decimal? @db.Money\n  bits String? @db.VarBit(8)\n  @@index([stock], type: Hash)'))
  prisma('db', 'push', '--skip-generate', '--accept-data-loss')
  prisma('db', 'pull', '--print')
  prisma('db', 'push', '--skip-generate', '--force-reset')
  // From here with migrations.
  file('step.sql', 'DROP SCHEMA public CASCADE; CREATE SCHEMA public;')
  prisma('db', 'execute', '--schema', 'schema.prisma', '--file', 'step.sql')
  prisma('migrate', 'diff', '--from-empty', '--to-schema-datamodel', 'schema.prisma', '--script', '--output', 'first.sql')
  file('migrations/migration_lock.toml', 'provider = "postgresql"\n')
  file('migrations/1_first/migration.sql', fs.readFileSync(path.join(where, 'first.sql'), 'utf8'))
  file('migrations/2_second/migration.sql', 'CREATE VIEW "Dear" AS SELECT id, title FROM "Thing" WHERE price > 5; ALTER TYPE size ADD VALUE \'huge\'; COMMENT ON TABLE makers IS \'who makes\';')
  file('migrations/3_third/migration.sql', 'ALTER TABLE "Thing" ADD CONSTRAINT dear CHECK (price >= 0); CREATE INDEX CONCURRENTLY IF NOT EXISTS late ON "Thing" (weight) WHERE sold;')
  prisma('migrate', 'resolve', '--applied', '3_third')
  prisma('migrate', 'deploy')
  prisma('migrate', 'status')
  prisma('db', 'pull', '--print')
  prisma('migrate', 'diff', '--from-empty', '--to-schema-datamodel', 'schema.prisma')
}

main().catch((e) => { console.error(e); process.exit(1) })

// What TypeORM asks of a database, printed: synchronisation, migrations, introspection, repositories, the query builder, trees.
// Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
require('reflect-metadata')
const T = require('typeorm')
const { EntitySchema, DataSource } = T
const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = process.env
const show = (name, value) => console.log(name, '=', JSON.stringify(value))
const day = (n) => new Date(Date.UTC(2024, 0, 1 + n))
const id = { type: 'int', primary: true, generated: 'increment' }

const Maker = new EntitySchema({ name: 'Maker', tableName: 'makers', columns: { id, name: { type: 'varchar', length: 50, unique: true, comment: 'what it is called' }, site: { type: 'citext', nullable: true }, made: { type: 'timestamptz', createDate: true }, changed: { type: Date, updateDate: true }, gone: { type: 'timestamp', deleteDate: true }, version: { type: Number, version: true } },
  relations: { things: { type: 'one-to-many', target: 'Thing', inverseSide: 'maker', cascade: true }, card: { type: 'one-to-one', target: 'Card', inverseSide: 'maker', cascade: true } } })
const Card = new EntitySchema({ name: 'Card', columns: { id: { type: 'uuid', primary: true, generated: 'uuid' }, number: { type: 'text', default: () => "'x'" } }, relations: { maker: { type: 'one-to-one', target: 'Maker', joinColumn: true, onDelete: 'CASCADE' } } })
const Tag = new EntitySchema({ name: 'Tag', columns: { word: { type: String, primary: true } } })
const things = (more = {}) => new EntitySchema({ name: 'Thing', columns: { id: { ...id, type: 'bigint', generated: 'identity', generatedIdentity: 'BY DEFAULT' }, title: { type: 'text' }, price: { type: 'numeric', precision: 10, scale: 2, default: 1 }, stock: { type: 'int', default: 0 }, weight: { type: 'float', nullable: true }, sold: { type: 'boolean', default: false }, size: { type: 'enum', enum: ['small', 'large'], nullable: true }, sizes: { type: 'enum', enum: ['a', 'b'], array: true, default: ['a'] },
  data: { type: 'jsonb', nullable: true }, plain: { type: 'json', nullable: true }, words: { type: 'text', array: true, nullable: true }, simple: { type: 'simple-array', nullable: true }, span: { type: 'int4range', nullable: true }, pairs: { type: 'hstore', nullable: true }, blob: { type: 'bytea', nullable: true }, day: { type: 'date', nullable: true }, clock: { type: 'time', nullable: true }, took: { type: 'interval', nullable: true }, at: { type: 'point', nullable: true }, address: { type: 'inet', nullable: true },
  twice: { type: 'int', asExpression: 'stock * 2', generatedType: 'STORED', nullable: true }, ...more }, relations: { maker: { type: 'many-to-one', target: 'Maker', inverseSide: 'things', onDelete: 'CASCADE', nullable: true }, tags: { type: 'many-to-many', target: 'Tag', joinTable: true, cascade: true } },
  indices: [{ name: 'unsold', columns: ['price'], where: 'NOT sold' }, { name: 'one_title', columns: ['maker', 'title'], unique: true }, { name: 'spans', columns: ['span'], spatial: true }], checks: [{ name: 'dear', expression: 'price >= 0' }], exclusions: [{ name: 'apart', expression: 'USING gist (span WITH &&)' }], uniques: [{ name: 'one_day', columns: ['day', 'title'], deferrable: 'INITIALLY DEFERRED' }] })
const Seen = new EntitySchema({ name: 'Seen', type: 'view', expression: 'SELECT id, title FROM thing WHERE price > 5', columns: { id: { type: 'bigint' }, title: { type: 'text' } } })
// A schema object knows no materialized views.
class Sums {}
T.ViewEntity({ materialized: true, expression: 'SELECT "makerId" AS id, count(*) AS n FROM thing GROUP BY 1' })(Sums)
for (const name of ['id', 'n']) T.ViewColumn()(Sums.prototype, name)
const tree = (name, type) => new EntitySchema({ name, columns: { id, name: { type: String } }, trees: [{ type }], relations: { above: { type: 'many-to-one', target: name, treeParent: true }, below: { type: 'one-to-many', target: name, treeChildren: true, cascade: true, inverseSide: 'above' } } })
const trees = { Nested: 'nested-set', Path: 'materialized-path', Closed: 'closure-table' }
const entities = [Maker, Card, Tag, ...Object.entries(trees).map(([name, type]) => tree(name, type))]
class First1700000000001 {
  async up (q) {
    await q.createTable(new T.Table({ name: 'note', columns: [{ name: 'id', type: 'int', isPrimary: true, isGenerated: true }, { name: 'text', type: 'varchar', length: '10', isNullable: true }, { name: 'kind', type: 'enum', enum: ['a', 'b'], default: "'a'" }] }), true)
    await q.addColumns('note', [new T.TableColumn({ name: 'level', type: 'int', default: 5, comment: 'how much' }), new T.TableColumn({ name: 'makerId', type: 'int', isNullable: true })])
    await q.changeColumn('note', 'text', new T.TableColumn({ name: 'body', type: 'text', isNullable: true })); await q.changeColumn('note', 'kind', new T.TableColumn({ name: 'kind', type: 'enum', enum: ['a', 'b', 'c'], default: "'b'" }))
    await q.createForeignKey('note', new T.TableForeignKey({ name: 'to_maker', columnNames: ['makerId'], referencedColumnNames: ['id'], referencedTableName: 'makers', onDelete: 'SET NULL' })); await q.createIndex('note', new T.TableIndex({ name: 'leveled', columnNames: ['level'], isUnique: true }))
    await q.createCheckConstraint('note', new T.TableCheck({ name: 'positive', expression: 'level > 0' })); await q.createUniqueConstraint('note', new T.TableUnique({ name: 'bodies', columnNames: ['body'] })); await q.changeTableComment('note', 'short ones'); await q.renameColumn('note', 'level', 'rank')
    const noted = new T.View({ name: 'noted', expression: 'SELECT rank FROM note' }); await q.createView(noted, true); await q.dropView('noted'); await q.renameTable('note', 'memo'); await q.updatePrimaryKeys('memo', [new T.TableColumn({ name: 'id', type: 'int', isPrimary: true }), new T.TableColumn({ name: 'rank', type: 'int', isPrimary: true })]).catch((e) => show('keys', e.message))
  }

  async down (q) {
    const t = await q.getTable('memo')
    await q.dropForeignKeys(t, [...t.foreignKeys]); await q.dropIndices(t, [...t.indices]); await q.dropUniqueConstraints(t, [...t.uniques]); await q.dropCheckConstraints(t, [...t.checks]); await q.dropColumn(t, 'makerId'); await q.clearTable('memo'); await q.dropTable('memo')
  }
}
const source = (more) => new DataSource({ type: 'postgres', host: PGHOST, port: +PGPORT, username: PGUSER, password: PGPASSWORD, database: PGDATABASE, poolSize: 3, entities: [...entities, things(), Seen, Sums], ...more })

async function queries (db) {
  const t = db.getRepository('Thing')
  const order = { id: 'ASC' }
  const wheres = { equal: { title: 'thing 1' }, ops: { price: T.MoreThan(1), stock: T.Between(1, 6), weight: T.LessThanOrEqual(2), size: T.Not(T.IsNull()) }, in: [{ stock: T.In([1, 2]) }, { sold: true }], like: { title: T.ILike('THING%') }, any: { stock: T.Any([1, 2]) }, array: { words: T.ArrayContains(['a']), sizes: T.ArrayOverlap(['a']) }, contained: { words: T.ArrayContainedBy(['a', 'w1']) }, json: { data: T.JsonContains({ n: 2 }) }, raw: { price: T.Raw((c) => `${c} % 2 = :x`, { x: 1 }) }, and: { stock: T.And(T.MoreThan(1), T.Not(T.Equal(3))) }, or: { stock: T.Or(T.Equal(1), T.Equal(2)) }, relation: { maker: { name: T.Like('maker%'), card: { number: 'c' } } }, empty: { stock: T.In([]) } }
  for (const [name, where] of Object.entries(wheres)) show(name, (await t.find({ where, select: { id: true }, order })).map((x) => x.id))
  show('relations', await db.getRepository('Maker').find({ select: { id: true, name: true, things: { id: true, tags: true }, card: { number: true } }, relations: { things: { tags: true }, card: true }, order: { id: 'ASC', things: { id: 'DESC', tags: { word: 'ASC' } } }, take: 2, skip: 1 }))
  show('separately', (await db.getRepository('Maker').find({ relations: { things: true }, relationLoadStrategy: 'query', order })).map((m) => m.things.length))
  show('paged', (await t.findAndCount({ relations: { maker: true }, order: { maker: { name: 'DESC' }, id: 'ASC' }, take: 3, skip: 2 })).flat().map((x) => x.id ?? x))
  show('counts', [await t.count(), await t.countBy({ sold: false }), await t.sum('stock'), await t.average('price'), await t.maximum('stock'), await t.minimum('stock', { size: 'small' }), await t.existsBy({ stock: 1 }), await t.exists({ where: { stock: 99 } })])
  const q = () => t.createQueryBuilder('t')
  // One after the other: some of them write.
  const asks = {
    select: () => q().select(['t.id', 't.title']).where('t.price > :p AND t.stock IN (:...s)', { p: 1, s: [1, 2, 3] }).andWhere(new T.Brackets((b) => b.where('t.sold').orWhere('NOT t.sold'))).orderBy('t.price', 'DESC', 'NULLS LAST').getMany(),
    join: () => q().leftJoinAndSelect('t.maker', 'm', 'm.id < :n', { n: 9 }).innerJoinAndSelect('t.tags', 'g').leftJoinAndMapOne('t.card', 'Card', 'c', 'c."makerId" = m.id').orderBy('t.id').addOrderBy('g.word').take(2).skip(1).getMany().then((x) => x.map((y) => [y.id, y.tags.length])), count: () => q().leftJoinAndSelect('t.tags', 'g').getManyAndCount().then((x) => x[1]),
    group: () => q().select('t.makerId', 'm').addSelect('sum(t.stock)', 's').groupBy('t.makerId').having('count(*) > :n', { n: 1 }).orderBy('m').getRawMany(), sub: () => q().select('t.id').where((b) => 't.makerId IN ' + b.subQuery().select('m.id').from('Maker', 'm').where('m.name = :name').getQuery()).setParameter('name', 'maker 1').getMany(), from: () => db.createQueryBuilder().select('s.x', 'x').from((b) => b.select('max(u.price)', 'x').from('Thing', 'u'), 's').getRawOne(),
    cte: () => db.createQueryBuilder().addCommonTableExpression(q().select('t.id', 'id').where('t.stock > 3'), 'some', { materialized: true }).select('x.id', 'id').from('some', 'x').orderBy('x.id').getRawMany(), recursive: () => db.createQueryBuilder().addCommonTableExpression('SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4', 'n', { recursive: true, columnNames: ['i'] }).select('i').from('n', 'n').getRawMany(), distinct: () => q().distinctOn(['t.makerId']).select(['t.makerId AS m', 't.id AS id']).orderBy('t.makerId').addOrderBy('t.id', 'DESC').getRawMany(),
    lock: () => db.transaction(async (m) => { const r = []; for (const [mode, more] of [['pessimistic_write', 'skip_locked'], ['pessimistic_read', 'nowait'], ['for_no_key_update'], ['for_key_share'], ['pessimistic_write_or_fail'], ['pessimistic_partial_write']]) { const b = m.createQueryBuilder('Thing', 't').leftJoinAndSelect('t.tags', 'g').where('t.id = 1').setLock(mode, undefined, ['t']); if (more) b.setOnLocked(more); r.push((await b.getMany()).length) } return r }),
    update: () => q().update().set({ stock: () => 'stock + 1', data: { n: 9 } }).where('id < :i', { i: 3 }).returning(['id', 'stock']).execute().then((r) => r.raw), delete: () => q().delete().where('id = 8').returning('title').execute().then((r) => r.raw), relation: () => db.createQueryBuilder().relation('Maker', 'things').of(1).loadMany().then((x) => x.length), add: () => db.createQueryBuilder().relation('Thing', 'tags').of(7).add('green').then(() => db.createQueryBuilder().relation('Thing', 'tags').of(7).remove('green')),
    values: () => db.createQueryBuilder().insert().into('Maker').values([{ name: 'maker 1' }, { name: 'maker 9' }]).orUpdate(['site'], ['name'], { skipUpdateIfNoValuesChanged: true }).returning('id').execute().then((r) => r.raw.length), ignore: () => db.createQueryBuilder().insert().into('Maker').values({ name: 'maker 1' }).orIgnore().execute().then((r) => r.raw), deleted: () => db.createQueryBuilder().softDelete().from('Maker').where('name = :n', { n: 'maker 9' }).execute().then((r) => r.affected), restored: () => db.createQueryBuilder().restore().from('Maker').where('id > 0').execute().then((r) => r.affected)
  }
  for (const [name, ask] of Object.entries(asks)) show(name, await ask())
  let rows = 0
  for await (const row of await q().select('t.id').stream().catch(() => [])) rows += row ? 1 : 0
  show('stream', rows)
}

async function main () {
  const db = source({ migrations: [First1700000000001], installExtensions: true, extensions: ['btree_gist'] })
  await db.initialize()
  await db.synchronize()
  show('seen', [await db.showMigrations(), (await db.runMigrations({ transaction: 'each' })).map((m) => m.name)])
  const makers = db.getRepository('Maker')
  const t = db.getRepository('Thing')
  await db.manager.save('Maker', ['1', '2', '3'].map((n) => ({ name: `maker ${n}`, site: 'X', card: { number: 'c' } })))
  await db.manager.save('Tag', ['red', 'green', 'blue'].map((word) => ({ word })))
  await t.save(Array.from({ length: 8 }, (_, n) => ({ title: `thing ${n}`, price: n + 1, stock: n, weight: n / 3, size: n % 2 ? 'small' : 'large', data: { n }, plain: [n], words: ['a', `w${n}`], simple: ['x', 'y'], span: `[${n * 10},${n * 10 + 5})`, pairs: { k: `${n}` }, blob: Buffer.from([0, n]), day: '2024-01-02', clock: '10:00', took: '1 day', at: '(1,2)', address: '192.0.2.1', maker: { id: n % 3 + 1 }, tags: [{ word: 'red' }, { word: n % 2 ? 'green' : 'blue' }] })), { chunk: 3 })
  await queries(db)
  const one = await t.findOneOrFail({ where: { id: 2 }, relations: { maker: true, tags: true }, cache: false })
  one.title = 'changed'; one.tags = [{ word: 'new' }]; await t.save(one); await t.remove(await t.findOneBy({ id: 3 }))
  show('upsert', (await makers.upsert([{ name: 'maker 1', site: 'u' }, { name: 'maker 5' }], { conflictPaths: ['name'], skipUpdateIfNoValuesChanged: true })).identifiers.length)
  show('writes', [(await makers.insert({ name: 'maker 6' })).identifiers, (await t.update({ stock: T.MoreThan(3) }, { sold: true })).affected, (await t.increment({ id: 1 }, 'stock', 2)).affected, (await makers.softDelete({ name: 'maker 6' })).affected, await makers.count({ withDeleted: true }), (await makers.delete({ name: 'maker 5' })).affected])
  const gone = await makers.findOneBy({ name: 'maker 2' })
  await makers.softRemove(gone); await makers.recover(gone); await makers.preload({ id: 1, site: 'p' }).then((m) => makers.save(m))
  show('query', await db.query('SELECT count(*) FROM thing WHERE stock = ANY($1)', [[1, 2, 3]]))
  await db.transaction('SERIALIZABLE', async (m) => { await m.transaction(async (inner) => { await inner.createQueryBuilder().delete().from('Card').execute(); throw new Error('back') }).catch((e) => show('nested', e.message)) })
  show('conflict', await makers.insert({ name: 'maker 1' }).catch((e) => [e.name, e.code]))
  for (const name of Object.keys(trees)) {
    const r = db.getTreeRepository(name)
    const root = await r.save({ name: 'root' }); const child = await r.save({ name: 'child', above: root }); const last = await r.save({ name: 'last', above: child })
    show(name, [(await r.findTrees({ depth: 2 })).length, (await r.findRoots()).length, await r.findDescendants(root).then((x) => x.length), await r.countDescendants(root), await r.findAncestors(last).then((x) => x.map((y) => y.name).sort()), await r.findAncestorsTree(last), await r.countAncestors(last), await r.findDescendantsTree(root)])
    last.above = root; await r.save(last).catch((e) => show('move', e.message)); await r.remove(last).catch((e) => show('remove', e.message))
  }
  await db.query('REFRESH MATERIALIZED VIEW sums')
  show('views', [await db.getRepository('Seen').find({ order: { id: 'ASC' } }), await db.getRepository(Sums).find({ order: { id: 'ASC' } })])
  const q = db.createQueryRunner()
  show('tables', (await q.getTables(['thing', 'makers', 'memo'])).map((x) => [x.name, x.columns.map((c) => [c.name, c.type, c.default, c.enum]).sort(), x.indices.map((i) => i.name).sort(), x.checks.map((c) => c.expression).sort(), x.exclusions.length, x.foreignKeys.length]).sort())
  show('there', [await q.getDatabases().then((x) => x.length > 0), await q.getSchemas().then((x) => x.length > 0), await q.hasTable('thing'), await q.hasColumn('thing', 'title'), await q.getCurrentSchema(), (await q.getViews([])).length])
  await q.createSchema('other', true); await q.dropSchema('other', true, true); await q.release()
  await db.undoLastMigration()
  await db.query('TRUNCATE thing CASCADE'); await db.query('DROP VIEW seen'); await db.query('DROP MATERIALIZED VIEW sums')
  await db.destroy()
  const changed = source({ entities: [...entities, things({ rank: { type: 'smallint', default: 3, comment: 'how much' }, size: { type: 'enum', enum: ['small', 'large', 'huge'], default: 'small' }, title: { type: 'varchar', length: 200 }, weight: undefined, twice: undefined })] })
  delete changed.options.entities.at(-1).options.columns.weight; delete changed.options.entities.at(-1).options.columns.twice
  await changed.initialize()
  const sql = await changed.driver.createSchemaBuilder().log()
  show('log', [sql.upQueries.length > 3, sql.downQueries.length > 3])
  await changed.synchronize()
  await changed.synchronize(true)
  await changed.dropDatabase()
  await changed.destroy()
}

main().catch((e) => { console.error(e.query, e); process.exit(1) })

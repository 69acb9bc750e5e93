// What Knex asks of a database, printed: schema builder, migrations with their lock table, queries, transactions, streams.
// Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
const knex = require('knex')({ client: 'pg', connection: {}, pool: { min: 0, max: 3 } })
const show = (name, value) => console.log(name, '=', JSON.stringify(value))

// Migrations without files.
const steps = {
  '1_makers': {
    up: (k) => k.schema.createTable('makers', (t) => { t.increments(); t.string('name', 50).notNullable().unique().comment('what it is called'); t.timestamps(true, true) })
      .createTable('things', (t) => {
        t.bigIncrements('id'); t.integer('maker_id').unsigned().references('makers.id').onDelete('CASCADE').onUpdate('NO ACTION').deferrable('deferred'); t.string('title').defaultTo('x').index(); t.decimal('price', 10, 2).checkPositive('dear'); t.float('weight'); t.double('height')
        t.enu('size', ['small', 'large'], { useNative: true, enumName: 'size' }); t.enum('color', ['red', 'blue']); t.jsonb('data'); t.json('plain'); t.uuid('key').defaultTo(k.fn.uuid()); t.specificType('words', 'text[]').index(null, 'GIN'); t.boolean('sold').defaultTo(false); t.date('day'); t.time('clock'); t.datetime('made', { precision: 3 }).defaultTo(k.fn.now(3)); t.binary('blob')
        t.tinyint('tiny'); t.text('body', 'longtext'); t.unique(['maker_id', 'title'], { indexName: 'one_title', deferrable: 'immediate' }); t.index(['price'], 'unsold', { predicate: k.whereRaw('not sold') }); t.check('?? >= ??', ['price', 'weight'], 'heavy'); t.comment('what is made')
      }),
    down: (k) => k.schema.dropTableIfExists('things').dropTable('makers').raw('DROP TYPE size')
  },
  '2_change': {
    up: async (k) => {
      await k.schema.alterTable('things', (t) => {
        t.integer('stock').notNullable().defaultTo(0); t.string('title', 100).notNullable().alter(); t.float('weight').nullable().alter({ alterNullable: true, alterType: false }); t.renameColumn('clock', 'at'); t.dropColumn('tiny'); t.dropChecks(['heavy']); t.setNullable('price'); t.dropNullable('sold'); t.index(k.raw('lower(title)'), 'thing_lower'); t.dropIndex(['title'])
      })
      await k.schema.createViewOrReplace('dear', (v) => { v.columns(['id', 'title']); v.as(k('things').select('id', 'title').where('price', '>', 5)) })
      await k.schema.createMaterializedView('sums', (v) => { v.columns(['maker_id', 'n']); v.as(k('things').select('maker_id').count().groupBy('maker_id')) })
      await k.schema.raw('CREATE SCHEMA IF NOT EXISTS ??', ['other']).withSchema('other').createTable('note', (t) => { t.uuid('id').primary(); t.string('text') }).withSchema('other').renameTable('note', 'memo')
    },
    down: (k) => k.schema.dropViewIfExists('dear').dropMaterializedView('sums').dropSchema('other', true)
  },
  '3_untransacted': { config: { transaction: false }, up: (k) => k.raw('CREATE INDEX CONCURRENTLY late ON things (stock)'), down: (k) => k.schema.alterTable('things', (t) => t.dropIndex([], 'late')) }
}
const migrationSource = { getMigrations: async () => Object.keys(steps), getMigrationName: (name) => name, getMigration: async (name) => steps[name] }
const day = (n) => new Date(Date.UTC(2024, 0, 1 + n))

async function queries () {
  const t = () => knex('things').orderBy('things.id')
  const asks = {
    where: t().select('id').where({ sold: false }).andWhere('price', '>', 2).whereIn('stock', [3, 4, 5]).whereNot('id', 4).orWhere((b) => b.whereBetween('price', [8, 9]).whereNotNull('data')), like: t().pluck('id').whereILike('title', '%THING 1%').whereLike('title', '%1'), raw: t().select(knex.raw('?? + ? AS n', ['stock', 1])).whereRaw('price = ANY(?)', [[1, 2]]),
    join: t().join('makers as m', 'm.id', 'things.maker_id').leftJoin('makers as o', function () { this.on('o.id', '>', 'm.id').andOnVal('o.name', 'like', 'm%') }).select('things.id', 'm.name', { other: 'o.name' }).limit(5), using: knex('things').join('makers', (j) => j.using('id')).count(), tuple: t().pluck('id').whereIn(['maker_id', 'stock'], [[1, 0], [2, 1]]),
    sub: knex('makers').pluck('name').whereIn('id', knex('things').select('maker_id').where('price', '>', 9)).orderBy('name'), exists: knex('makers').pluck('name').whereExists(knex('things').select(knex.raw(1)).whereRaw('maker_id = makers.id')).orderBy('name'), scalar: knex('makers').select('name', knex('things').count().whereRaw('maker_id = makers.id').as('n')).orderBy('name'),
    group: knex('things').select('maker_id').sum('stock as s').avg({ a: 'price' }).min('made').max('made').countDistinct('size as d').groupBy('maker_id').having('maker_id', '<', 4).havingRaw('count(*) > ?', [1]).orderBy('maker_id'), rollup: knex('things').select('maker_id', 'size').count().groupByRaw('rollup (maker_id, size)').orderBy([{ column: 'maker_id', nulls: 'first' }, { column: 'size', order: 'desc', nulls: 'last' }]),
    window: t().select('id').rank('r', (w) => w.orderBy('price', 'desc').partitionBy('maker_id')).rowNumber('n', 'id').denseRank('d', ['size'], ['maker_id']), cte: knex.with('top', knex('things').max('price as p').select('maker_id').groupBy('maker_id')).withMaterialized('m', knex('makers').select()).select('top.p', 'm.name').from('top').join('m', 'm.id', 'top.maker_id').orderBy('p'),
    recursive: knex.withRecursive('n', ['i'], knex.raw('SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4')).from('n').pluck('i'), union: t().clearOrder().select('id').where('id', '<', 3).union([knex('makers').select('id'), knex('things').select('id').where('id', 12)], true).orderBy('id'), intersect: knex('makers').select('id').intersect(knex('things').select('maker_id')).orderBy('id'), except: knex('makers').select('id').except(knex('things').select('maker_id')).orderBy('id'),
    json: t().jsonExtract([['data', '$.n', 'n'], ['data', '$.deep.list[0]', 'first']]).whereJsonPath('data', '$.n', '>', 3).whereJsonSupersetOf('data', { word: 'w4' }), jsonSet: t().limit(2).jsonSet('data', '$.n', '7', 'set').jsonInsert('data', '$.m', '8', 'put').jsonRemove('data', '$.deep', 'less'), jsonObject: t().pluck('id').whereJsonObject('data', { n: 0, word: 'w0', deep: { list: [0] } }), jsonSubset: t().pluck('id').whereJsonNotSubsetOf('data', { n: 1 }), on: t().pluck('things.id').join('makers', (j) => j.onJsonPathEquals('things.data', '$.m', 'things.data', '$.m')),
    distinct: knex('things').distinctOn('maker_id').select('maker_id', 'id').orderBy([{ column: 'maker_id' }, { column: 'price', order: 'desc' }]), offset: t().select('id').offset(3).limit(2), first: t().first('id', 'blob', 'day', 'at', 'made').where('id', 2), info: knex('things').columnInfo(), one: knex('things').columnInfo('price'), hint: t().hintComment('SeqScan(things)').comment('why').first('id'), from: knex.select('x').from(knex('things').max('id as x').as('s')), values: knex.select('*').fromRaw('(VALUES (1, ?), (2, ?)) AS v (a, b)', ['x', 'y']), analytic: knex('things').count('* as n').first()
  }
  for (const [name, ask] of Object.entries(asks)) show(name, await ask)
}

async function main () {
  for (const name of Object.keys(steps)) show('up', await knex.migrate.up({ migrationSource, name }))
  show('list', await knex.migrate.list({ migrationSource }).then(([done, left]) => [done.map((d) => d.name), left]))
  show('status', [await knex.migrate.currentVersion({ migrationSource }), await knex.migrate.status({ migrationSource }), await knex.schema.hasTable('things'), await knex.schema.hasColumn('things', 'stock'), await knex.schema.withSchema('other').hasTable('memo')])
  show('insert', await knex('makers').insert([{ name: 'maker 1', created_at: day(0) }, { name: 'maker 2' }, { name: 'maker 3' }], ['id', 'name']))
  show('batch', await knex.batchInsert('things', Array.from({ length: 12 }, (_, n) => ({ maker_id: n % 3 + 1, title: `thing ${n}`, price: n + 1, stock: n, weight: n / 3, size: n % 2 ? 'small' : 'large', data: { n, deep: { list: [n] }, word: `w${n}` }, plain: n ? '[1]' : '{"a":1}', words: ['a', `w${n}`], day: '2024-01-02', at: '10:00', made: day(n), blob: Buffer.from([0, n]) })), 5).returning('id'))
  show('merge', await knex('makers').insert([{ name: 'maker 1' }, { name: 'maker 4' }]).onConflict('name').merge({ updated_at: day(3), name: knex.raw('excluded.name || ?', ['!']) }).where('makers.id', '<', 9).returning('name'))
  show('ignore', await knex('makers').insert({ name: 'maker 2' }).onConflict().ignore().returning('*'))
  show('default', await knex('things').insert({}, 'title').catch((e) => e.code))
  show('from', await knex(knex.raw('?? (??)', ['makers', 'name'])).insert(knex('things').select('title').where('id', 5)))
  await queries()
  show('update', await knex('things').where('price', '<', 3).update({ stock: knex.raw('stock + 1'), sold: true }, ['id', 'stock']))
  show('update from', await knex('things').updateFrom('makers').update({ title: knex.ref('makers.name') }).whereRaw('makers.id = things.maker_id AND things.id = 3'))
  show('increment', await knex('things').where('id', 1).increment({ stock: 5 }).decrement('price', 0.5).returning(['stock', 'price']))
  show('delete', [await knex('things').where('id', 4).del('id'), await knex('things').using('makers').whereRaw('makers.id = things.maker_id AND makers.name = ?', ['maker 3']).delete()])
  await knex.transaction(async (trx) => {
    show('locks', [await trx('things').where('id', 1).forUpdate('things').skipLocked(), await trx('things').select('id').where('id', 2).forNoKeyUpdate().noWait(), await trx('things').select('id').forShare().limit(1).orderBy('id'), await trx('things').select('id').forKeyShare().limit(1).orderBy('id')].map((x) => x.length))
    await trx.transaction(async (inner) => { await inner('things').del(); throw new Error('back') }).catch((e) => show('nested', e.message))
    await trx.raw('SET CONSTRAINTS ALL DEFERRED')
  }, { isolationLevel: 'serializable' })
  const reading = await knex.transaction({ readOnly: true })
  show('read only', await reading('things').count())
  await reading.rollback()
  let rows = 0
  for await (const row of knex('things').select('id').stream({ highWaterMark: 2 })) rows += row.id ? 1 : 0
  show('stream', rows)
  show('timeout', await knex.raw('SELECT pg_sleep(5)').timeout(200, { cancel: true }).catch((e) => e.name))
  await knex.schema.refreshMaterializedView('sums')
  await knex('makers').truncate().catch((e) => show('truncate', e.code))
  await knex.schema.alterView('dear', (v) => v.column('title').rename('name'))
  show('down', await knex.migrate.rollback({ migrationSource }, true))
  await knex.migrate.latest({ migrationSource })
  await knex.migrate.forceFreeMigrationsLock({ migrationSource })
  await knex.destroy()
}

main().catch((e) => { console.error(e); process.exit(1) })

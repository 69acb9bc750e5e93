// What Sequelize asks of a database, printed: synchronisation, introspection, queries, writes, transactions.
// Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
const { Sequelize, DataTypes: D, Op, Transaction, QueryTypes, Deferrable } = require('sequelize')
const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = process.env
const db = new Sequelize(PGDATABASE, PGUSER, PGPASSWORD, { host: PGHOST, port: PGPORT, dialect: 'postgres', logging: false, pool: { max: 3 }, define: { timestamps: false } })
const show = (name, value) => console.log(name, '=', JSON.stringify(value))
// In an order that the server does not promise, and without numbers that it gives.
const sorted = (rows) => rows.map((r) => JSON.stringify(r).replace(/\d+_\d+(_\d+_not_null)/, 'N$1')).sort()
const { fn, col, literal, where, cast, json } = Sequelize
const day = (n) => new Date(Date.UTC(2024, 0, 1 + n))

const Maker = db.define('maker', { name: { type: D.STRING(50), unique: true, allowNull: false, comment: 'what it is called' }, site: D.CITEXT }, { timestamps: true, paranoid: true, version: true, comment: 'who makes' })
const Thing = db.define('thing', {
  id: { type: D.BIGINT, primaryKey: true, autoIncrement: true }, title: D.TEXT, price: { type: D.DECIMAL(10, 2), defaultValue: 1 }, stock: { type: D.INTEGER, defaultValue: 0 }, weight: D.DOUBLE, sold: { type: D.BOOLEAN, defaultValue: false }, size: D.ENUM('small', 'large'), sizes: D.ARRAY(D.CHAR(1)),
  data: D.JSONB, plain: D.JSON, words: D.ARRAY(D.TEXT), span: D.RANGE(D.INTEGER), pairs: D.HSTORE, key: { type: D.UUID, defaultValue: literal('gen_random_uuid()') }, address: D.INET, blob: D.BLOB, day: D.DATEONLY, clock: D.TIME, made: { type: D.DATE(3), defaultValue: D.NOW }, search: D.TSVECTOR
}, { indexes: [{ fields: ['words'], using: 'gin' }, { fields: [{ name: 'price', order: 'DESC' }], where: { sold: false }, name: 'unsold' }, { fields: [fn('lower', col('title'))], name: 'lowered' }, { fields: ['makerId', 'title'], unique: true, concurrently: true, name: 'one_title' }] })
const Tag = db.define('tag', { word: { type: D.STRING, primaryKey: true } })
Maker.hasMany(Thing, { onDelete: 'CASCADE' }); Thing.belongsTo(Maker); Maker.belongsTo(Maker, { as: 'above' })
Thing.belongsToMany(Tag, { through: 'thing_tags' }); Tag.belongsToMany(Thing, { through: 'thing_tags' })
Maker.addScope('named', { where: { name: { [Op.startsWith]: 'maker' } } })

async function queries () {
  const by = [['id', 'ASC']]
  const wheres = {
    ops: { price: { [Op.gt]: 1, [Op.lte]: 8 }, stock: { [Op.between]: [1, 9], [Op.notIn]: [3] }, size: { [Op.ne]: null }, sold: { [Op.is]: false } }, text: { title: { [Op.iLike]: 'THING%', [Op.notLike]: '%9', [Op.iRegexp]: 'THING', [Op.substring]: 'ing' } }, any: { title: { [Op.like]: { [Op.any]: ['%1', '%2'] } }, stock: { [Op.eq]: { [Op.any]: literal('ARRAY[1, 2, 3]') } } },
    or: { [Op.or]: [{ stock: 1 }, { [Op.not]: { sold: true }, [Op.and]: [{ price: 3 }] }] }, array: { words: { [Op.contains]: ['a'], [Op.overlap]: ['w1', 'w2'] } }, range: { span: { [Op.contains]: 12, [Op.overlap]: [0, 50], [Op.strictLeft]: [900, 950] } }, json: { data: { n: { [Op.gt]: 3 }, deep: { word: 'w4' } } }, jsonb: { data: { [Op.contains]: { n: 2 } } }, path: json('data.deep.word', 'w3'), text2: { 'data.n': 3 },
    hstore: { pairs: { [Op.contains]: { k: '1' } } }, fn: where(fn('lower', col('title')), 'thing 1'), literal: literal('stock % 2 = 0'), cast: where(cast(col('price'), 'integer'), { [Op.lt]: 3 }), col: { price: { [Op.gt]: col('weight') } }, match: { search: { [Op.match]: fn('to_tsquery', 'simple', 'thing & 1') } }, date: { made: { [Op.lt]: day(3) }, day: '2024-01-02' }, inet: { address: '192.0.2.1' }
  }
  for (const [name, filter] of Object.entries(wheres)) show(name, (await Thing.findAll({ where: filter, attributes: ['id'], order: by })).map((x) => x.id))
  show('include', await Maker.findAll({ attributes: ['name'], include: [{ model: Thing, attributes: ['id', 'price'], where: { price: { [Op.gt]: 2 } }, required: false, include: [{ model: Tag, through: { attributes: [] } }] }, { model: Maker, as: 'above', attributes: ['name'] }], order: [['name', 'ASC'], [Thing, 'id', 'DESC'], [Thing, Tag, 'word', 'ASC']] }))
  show('limit', await Thing.findAndCountAll({ attributes: ['id'], include: [{ model: Tag, where: { word: 'red' }, attributes: ['word'] }, Maker.scope(null) && { model: Maker, attributes: ['name'] }], limit: 3, offset: 1, order: by, distinct: true }))
  show('separate', (await Maker.scope('named').findAll({ include: [{ model: Thing, separate: true, limit: 2, order: [['id', 'DESC']], attributes: ['id', 'makerId'] }], order: by })).map((m) => m.things.map((t) => t.id)))
  show('group', await Thing.findAll({ attributes: ['makerId', [fn('count', col('id')), 'n'], [fn('sum', col('stock')), 's'], [literal('count(*) FILTER (WHERE sold)'), 'f']], group: ['makerId'], having: where(fn('count', col('id')), Op.gt, 1), order: [['makerId', 'ASC']], raw: true }))
  show('aggregates', [await Thing.count(), sorted(await Thing.count({ group: ['size'] })), await Thing.max('price'), await Thing.min('made'), await Thing.sum('stock', { where: { sold: false } }), sorted(await Thing.aggregate('size', 'DISTINCT', { plain: false }))])
  show('subquery', await Maker.findAll({ attributes: { include: [[literal('(SELECT max(price) FROM things t WHERE t."makerId" = maker.id)'), 'most']], exclude: ['createdAt', 'updatedAt'] }, where: { id: { [Op.in]: literal('(SELECT "makerId" FROM things)') } }, order: [literal('"most" DESC NULLS LAST')], raw: true }))
  show('raw', [await db.query('SELECT id FROM things WHERE stock IN (:some) AND title LIKE :like ORDER BY id', { replacements: { some: [1, 2], like: 'thing%' }, type: QueryTypes.SELECT }), await db.query('SELECT $1::int + $2 AS n', { bind: [1, 2], plain: true })])
  show('one', await Thing.findOne({ where: { id: 2 }, include: { all: true, attributes: { exclude: ['createdAt', 'updatedAt'] } } }).then((t) => [t.title, t.tags.length, t.span, t.pairs, t.data]))
}

async function main () {
  await db.authenticate()
  show('version', (await db.databaseVersion()).length > 0)
  for (const name of ['citext', 'hstore']) await db.query(`CREATE EXTENSION IF NOT EXISTS ${name}`)
  await db.createSchema('other')
  await db.sync()
  await db.sync({ force: true })
  show('bulk', (await Maker.bulkCreate(['1', '2', '3'].map((n) => ({ name: `maker ${n}`, site: 'X', aboveId: n > 1 ? 1 : null })), { returning: ['id'] })).map((m) => m.id))
  await Tag.bulkCreate(['red', 'green', 'blue'].map((word) => ({ word })))
  for (let n = 0; n < 8; n++) {
    const t = await Thing.create({ title: `thing ${n}`, price: n + 1, stock: n, weight: n / 3, size: n % 2 ? 'small' : 'large', sizes: ['a'], data: { n, deep: { word: `w${n}` } }, plain: [n], words: ['a', `w${n}`], span: [n * 10, n * 10 + 5], pairs: { k: `${n}` }, address: '192.0.2.1', blob: Buffer.from([0, n]), day: '2024-01-02', clock: '10:00', made: day(n), search: fn('to_tsvector', 'simple', `thing ${n}`), makerId: n % 3 + 1 })
    await t.addTags(['red', n % 2 ? 'green' : 'blue'])
    if (n === 3) show('mixins', [await t.hasTag('red'), await t.countTags(), (await t.getMaker()).name, await t.setTags(['red']).then(() => t.countTags()), await t.removeTag('red'), (await t.createTag({ word: 'made' })).word])
  }
  await queries()
  show('upsert', [(await Maker.upsert({ name: 'maker 1', site: 'y' }, { conflictFields: ['name'], returning: ['id', 'site'] }))[0].site, (await Maker.bulkCreate([{ name: 'maker 1' }, { name: 'maker 4' }], { updateOnDuplicate: ['site'], conflictAttributes: ['name'] })).length, (await Maker.bulkCreate([{ name: 'maker 1' }], { ignoreDuplicates: true })).length])
  show('findOrCreate', [(await Maker.findOrCreate({ where: { name: 'maker 5' } }))[1], (await Maker.findCreateFind({ where: { name: 'maker 5' } }))[1], (await Maker.findOrBuild({ where: { name: 'none' } }))[1]])
  show('update', [await Thing.update({ stock: literal('stock + 1'), data: fn('jsonb_set', col('data'), '{n}', '9') }, { where: { price: { [Op.lt]: 4 } }, returning: ['id'] }).then((r) => r[0]), await Thing.increment({ stock: 2, price: 1 }, { where: { id: 1 } }).then((r) => r[0][1]), await Thing.decrement('stock', { by: 1, where: { id: 2 } }).then((r) => r[0][1])])
  const m = await Maker.findByPk(2)
  m.site = 'z'; await m.save(); await m.reload(); await m.destroy(); await m.restore(); await m.update({ site: 'q' })
  show('paranoid', [m.version, await Maker.destroy({ where: { name: 'maker 4' } }), await Maker.count({ paranoid: false }), await Maker.restore({ where: { name: 'maker 4' } }), await Maker.destroy({ where: { name: 'maker 5' }, force: true })])
  await db.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async (t) => {
    show('locks', [await Thing.findAll({ where: { id: 1 }, lock: t.LOCK.UPDATE, skipLocked: true, transaction: t }), await Thing.findAll({ where: { id: 2 }, attributes: ['id'], lock: { level: t.LOCK.KEY_SHARE, of: Thing }, include: { model: Maker, required: true, attributes: [] }, transaction: t })].map((x) => x.length))
    await db.transaction({ transaction: t }, async (inner) => { await Tag.destroy({ where: {}, truncate: false, transaction: inner }); throw new Error('back') }).catch((e) => show('nested', e.message))
  })
  await db.transaction({ readOnly: true, deferrable: Deferrable.SET_DEFERRED(['x']) }, (t) => Thing.count({ transaction: t })).catch((e) => show('deferrable', e.original.code))
  show('conflict', await Maker.create({ name: 'maker 1' }).catch((e) => [e.name, e.fields]))
  const q = db.getQueryInterface()
  await Thing.sync({ alter: true }); await db.sync({ alter: { drop: false } })
  show('tables', [(await q.showAllTables()).sort(), (await q.showAllSchemas()).length, await q.describeTable('things'), sorted((await q.showIndex('things')).map((i) => [i.name, i.unique, i.definition])), sorted(await q.getForeignKeyReferencesForTable('things')), sorted(await q.showConstraint('things')), await q.tableExists('things')])
  await q.addColumn('things', 'level', { type: D.INTEGER, allowNull: false, defaultValue: 5, comment: 'how much' })
  await q.changeColumn('things', 'level', { type: D.BIGINT, allowNull: true, defaultValue: null }); await q.changeColumn('things', 'size', { type: D.ENUM('small', 'large', 'huge') })
  await q.renameColumn('things', 'level', 'rank'); await q.addIndex('things', ['rank'], { concurrently: true, name: 'ranked' }); await q.removeIndex('things', 'ranked', { concurrently: true }); await q.addConstraint('things', { fields: ['rank'], type: 'check', where: { rank: { [Op.gt]: 0 } }, name: 'ranks' })
  await q.addConstraint('things', { fields: ['rank', 'id'], type: 'unique', name: 'one_rank', deferrable: Deferrable.INITIALLY_DEFERRED }); await q.bulkUpdate('things', { rank: null }, {}); await q.addConstraint('things', { fields: ['rank'], type: 'foreign key', name: 'to_maker', references: { table: 'makers', field: 'id' }, onDelete: 'set null' })
  for (const name of ['ranks', 'one_rank', 'to_maker']) await q.removeConstraint('things', name)
  await q.removeColumn('things', 'rank'); await q.renameTable('tags', 'words')
  await q.createFunction('twice', [{ type: 'integer', name: 'n' }], 'integer', 'plpgsql', 'RETURN n * 2;', ['IMMUTABLE']); await q.renameFunction('twice', [{ type: 'integer', name: 'n' }], 'double'); await q.dropFunction('double', [{ type: 'integer', name: 'n' }])
  await q.bulkDelete('things', { id: { [Op.gt]: 6 } }); await q.bulkInsert('words', [{ word: 'late' }], { returning: true }); await q.bulkUpdate('things', { stock: 0 }, { id: 1 })
  await Thing.truncate({ cascade: true, restartIdentity: true }); await q.dropTable('words', { cascade: true }); await q.dropSchema('other'); await db.drop({ cascade: true })
  await q.dropAllEnums()
  await db.close()
}

main().catch((e) => { console.error(e.sql, e); process.exit(1) })

// What Drizzle's command line asks of a database, printed: push, push of changes, introspection, migrations.
// Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = process.env

const where = fs.mkdtempSync(path.join(os.tmpdir(), 'tollgate-drizzle-kit-'))
process.on('exit', () => fs.rmSync(where, { recursive: true, force: true }))
// The command line looks for its packages from where the schema is.
fs.symlinkSync(process.env.NODE_PATH, path.join(where, 'node_modules'))
const file = (name, text) => fs.writeFileSync(path.join(where, name), text)

const schema = (columns, more = '') => `
import { sql } from 'drizzle-orm'
import * as p from 'drizzle-orm/pg-core'
export const size = p.pgEnum('size', ['small', 'large'])
export const other = p.pgSchema('other')
export const numbers = p.pgSequence('numbers', { startWith: 5, increment: 2, cache: 3, cycle: true })
export const makers = p.pgTable('makers', { id: p.serial().primaryKey(), name: p.varchar({ length: 50 }).notNull().unique() })
export const things = p.pgTable('things', {
  id: p.bigint({ mode: 'number' }).generatedByDefaultAsIdentity().primaryKey(), makerId: p.integer('maker_id').references(() => makers.id, { onDelete: 'cascade' }), title: p.text().notNull(), price: p.numeric({ precision: 10, scale: 2 }).default('1'), stock: p.integer().default(0),
  twice: p.integer().generatedAlwaysAs(sql\`stock * 2\`), size: size(), data: p.jsonb().default({}), words: p.text().array().default([]), made: p.timestamp({ withTimezone: true, precision: 3 }).defaultNow(), span: p.interval(), address: p.inet(), ${columns}
}, (t) => [p.index('words').using('gin', t.words), p.uniqueIndex('titles').on(t.title, t.makerId.desc()).where(sql\`stock > 3\`), p.check('dear', sql\`price >= 0\`), p.unique('pair').on(t.stock, t.price).nullsNotDistinct(), p.pgPolicy('mine', { for: 'select', to: 'public', using: sql\`stock > 0\` })])
export const both = other.table('both', { a: p.integer().notNull(), b: p.integer().notNull() }, (t) => [p.primaryKey({ columns: [t.a, t.b] }), p.foreignKey({ columns: [t.a], foreignColumns: [makers.id], name: 'to_maker' })])
export const dear = p.pgView('dear').as((q) => q.select({ id: things.id }).from(things))
export const sums = p.pgMaterializedView('sums').as((q) => q.select({ n: things.stock }).from(things))
${more}`

// One command, and what of its words does not hang on the terminal's width.
function kit (...words) {
  const cli = path.join(process.env.NODE_PATH, 'drizzle-kit', 'bin.cjs')
  const done = spawnSync(process.execPath, [cli, ...words], { cwd: where, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', CI: '1' } })
  console.log(words.join(' '), '=', done.status)
  if (done.status !== 0 || /error/i.test(done.stderr)) throw new Error(done.stdout + done.stderr)
}

file('drizzle.config.cjs', `module.exports = { dialect: 'postgresql', schema: './schema.ts', out: './out', schemaFilter: ['public', 'other'], dbCredentials: { ssl: false, host: '${PGHOST}', port: ${PGPORT}, user: '${PGUSER}', password: '${PGPASSWORD}', database: '${PGDATABASE}' } }`)
const config = '--config=drizzle.config.cjs'
file('schema.ts', schema('weight: p.real()'))
kit('push', '--force', config)
// Nothing goes away, so that it does not ask whether something was renamed.
file('schema.ts', schema('height: p.doublePrecision().notNull().default(1), weight: p.real().notNull().default(2), at: p.time()', "export const note = p.pgTable('note', { id: p.uuid().defaultRandom().primaryKey(), text: p.text() })"))
kit('push', '--force', config)
kit('introspect', config)
// It reads in an order that the server does not promise, and tells of operator classes accordingly.
console.log(fs.readFileSync(path.join(where, 'out', 'schema.ts'), 'utf8').replace(/\.op\("\w+"\)|import .*/g, '').split('\n').sort().join('\n'))

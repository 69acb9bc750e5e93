// What node's pg sees of a server, as lines of text. Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
'use strict'
const { Client, Pool } = require('pg')
const Cursor = require('pg-cursor')
const { from, to } = require('pg-copy-streams')
const { pipeline } = require('node:stream/promises')
const { Readable, Writable } = require('node:stream')

const say = (...words) => console.log(words.map((w) => (typeof w === 'string' ? w : JSON.stringify(w, (k, v) => (typeof v === 'bigint' ? `${v}n` : v)))).join(' '))
const failure = (e) => [e.name, e.severity, e.code, e.message, e.detail, e.hint, e.position, e.where, e.schema, e.table, e.column, e.dataType, e.constraint, e.file, e.line, e.routine]
const fields = (r) => r.fields.map((f) => [f.name, f.columnID, f.dataTypeID > 16383 ? 'N' : f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.format])

const values = [
  [true, 'bool'], [1, 'int4'], [-5, 'int2'], ['9007199254740993', 'int8'], [1.5, 'float8'], ['NaN', 'float8'], ['1.10', 'numeric'], ['text', 'text'], ['grüße 🐘', 'text'], ['', 'text'], [null, 'text'],
  [Buffer.from([0, 255]), 'bytea'], ['2024-02-29', 'date'], ['2024-01-01T00:00:00Z', 'timestamptz'], ['2024-01-01 01:02:03.5', 'timestamp'], ['1 day 2 hours', 'interval'],
  [{ a: [1, null] }, 'json'], [{ b: { c: 'd' } }, 'jsonb'], [[1, 2, 3], 'int4[]'], [['a', 'b,c', '"'], 'text[]'], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'uuid'], ['10.0.0.1', 'inet'],
  ['(1,2)', 'point'], ['[1,5)', 'int4range'], ['x'.repeat(100000), 'text'],
  // Of a NULL in a binary array, pg-types takes the length -1 for four thousand million bits, and looks at each: half a minute.
  [[1, 2, null], 'int4[]', 'text only'],
]

async function main () {
  const client = new Client()
  client.on('notice', (n) => say('notice', n.severity, n.code, n.message, n.detail ?? null))
  await client.connect()
  say('connected', client.processID > 0, client.secretKey !== 0)
  await client.query('CREATE TABLE n_t (id int PRIMARY KEY, v text)')
  for (const [value, type, only] of values) {
    for (const binary of only ? [false] : [false, true]) {
      try {
        const r = await client.query({ text: `SELECT $1::${type} AS v`, values: [value], binary })
        const got = JSON.stringify(r.rows[0].v)
        say('value', type, binary, r.command, r.rowCount, fields(r), got && got.length > 200 ? got.length : got)
      } catch (e) { say('value', type, binary, failure(e)) }
    }
  }
  for (const text of ['SELECT 1/0', 'SELECT nosuch', 'SELEC', '', "INSERT INTO n_t VALUES ('x')", 'SELECT * FROM n_none', 'COMMIT', 'SELECT 1; SELECT 1/0; SELECT 2']) {
    for (const values of [undefined, []]) {
      try {
        const r = await client.query({ text, values })
        say('ran', text, r.command, r.rowCount)
      } catch (e) { say('failed', text, failure(e)) }
    }
  }
  const many = await client.query("SELECT 1 AS a; INSERT INTO n_t VALUES (1, 'one'), (2, 'two') RETURNING *; SELECT 3 WHERE false; UPDATE n_t SET v = v")
  for (const r of many) say('set', r.command, r.rowCount, r.oid, r.rows, fields(r))
  for (let n = 0; n < 5; n++) say('named', (await client.query({ name: 'fetch-it', text: 'SELECT v FROM n_t WHERE id = $1', values: [n] })).rows)
  say('array', (await client.query({ text: 'SELECT 1, 2, 3', rowMode: 'array' })).rows)
  await client.query('BEGIN')
  await client.query('INSERT INTO n_t VALUES (3, $1)', ['three'])
  await client.query("INSERT INTO n_t VALUES (3, 'dup')").catch((e) => say('in transaction', failure(e)))
  await client.query('SELECT 1').catch((e) => say('in failed transaction', failure(e)))
  say('commit', (await client.query('COMMIT')).command)
  // All at once: replies must come back in order.
  const all = await Promise.allSettled(Array.from({ length: 100 }, (_, n) => client.query('SELECT 10 / ($1::int - 50) AS v', [n])))
  say('queued', all.map((r) => (r.status === 'fulfilled' ? r.value.rows[0].v : r.reason.code)))
  const cursor = client.query(new Cursor('SELECT n, n::text AS t FROM generate_series(1, 500) AS n'))
  say('cursor', await cursor.read(3), (await cursor.read(1000)).length, (await cursor.read(1)).length)
  await cursor.close()
  const broken = client.query(new Cursor('SELECT 1 / (n - 5) FROM generate_series(1, 10) AS n'))
  await broken.read(100).catch((e) => say('cursor failed', failure(e)))
  await pipeline(Readable.from(Array.from({ length: 5000 }, (_, n) => `${n + 100}\tline ${n}\n`)), client.query(from('COPY n_t FROM STDIN')))
  let size = 0
  await pipeline(client.query(to('COPY n_t TO STDOUT')), new Writable({ write (chunk, _, done) { size += chunk.length; done() } }))
  say('copy', (await client.query('SELECT count(*) FROM n_t')).rows, size)
  await pipeline(Readable.from(['not\tok\n']), client.query(from('COPY n_t FROM STDIN'))).catch((e) => say('copy failed', failure(e)))
  const heard = new Promise((resolve) => client.on('notification', (n) => resolve([n.channel, n.payload])))
  await client.query('LISTEN n_chan')
  await client.query("NOTIFY n_chan, 'hello'")
  say('heard', await heard)
  await client.query("DO $$ BEGIN RAISE WARNING 'careful' USING DETAIL = 'd'; END $$")
  await client.query("SET statement_timeout = '100ms'")
  await client.query('SELECT pg_sleep(10)').catch((e) => say('timeout', failure(e)))
  await client.query('RESET ALL')
  await client.query('DROP TABLE n_t')
  await client.end()
  const pool = new Pool({ max: 4 })
  say('pool', (await Promise.all(Array.from({ length: 40 }, (_, n) => pool.query('SELECT $1::int AS n', [n])))).map((r) => r.rows[0].n))
  await pool.end()
  const wrong = new Client({ password: 'wrong' })
  wrong.on('error', () => {})
  await wrong.connect().catch((e) => say('wrong password', e.severity, e.code))
}

main().catch((e) => { console.error(e); process.exit(1) })

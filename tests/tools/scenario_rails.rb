# What Active Record asks of a database, printed: the database is named by the environment variables of libpq.
require "active_record"
ActiveRecord::Base.establish_connection(adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], username: ENV["PGUSER"], password: ENV["PGPASSWORD"], database: ENV["PGDATABASE"])
class M < ActiveRecord::Migration[6.1]
  def change
    enable_extension "hstore"
    create_table(:makers, comment: "who") { |t| t.string :name, null: false, index: { unique: true }; t.timestamps }
    create_table(:things) { |t| t.references :maker, foreign_key: { on_delete: :cascade }; t.decimal :price, precision: 10, scale: 2, default: 1; t.integer :stock; t.jsonb :data; t.string :words, array: true, default: []; t.int4range :span; t.inet :addr; t.uuid :key, default: "gen_random_uuid()"; t.binary :blob; t.hstore :h; t.timestamps }
    add_index :things, :words, using: :gin
    add_index :things, :stock, where: "stock > 3", order: { stock: :desc }, name: "some_stock"
    add_check_constraint :things, "price >= 0", name: "positive"
    add_column :things, :title, :text
    change_column_default :things, :title, from: nil, to: "x"
    change_column_null :things, :title, false, "y"
    rename_column :things, :title, :label
    change_column_comment :things, :label, from: nil, to: "z"
  end
end
class Maker < ActiveRecord::Base; has_many :things, dependent: :destroy; end
class Thing < ActiveRecord::Base; belongs_to :maker; end
ActiveRecord::Migration.verbose = false
c = ActiveRecord::Base.connection
ActiveRecord::SchemaMigration.create_table; ActiveRecord::InternalMetadata.create_table
m = ActiveRecord::Migrator.new(:up, [M.new("M", 1)], ActiveRecord::SchemaMigration); m.migrate
4.times { |n| k = Maker.create!(name: "m#{n}"); 3.times { |i| k.things.create!(stock: n * i, price: i, data: { n: n }, words: ["a", i.to_s], span: (1...5), addr: "192.0.2.1", blob: "\x00\xff".b, h: { "a" => "b" }) } }
p Maker.insert_all([{ name: "m9", created_at: Time.now, updated_at: Time.now }]).length, Maker.upsert_all([{ name: "m1", created_at: Time.now, updated_at: Time.now }], unique_by: :name).length
p Maker.joins(:things).where(things: { stock: 1.. }).distinct.order(:name).pluck(:name), Thing.group(:maker_id).having("count(*) > 1").sum(:price), Maker.includes(:things).references(:things).where("things.price > 1").map(&:name)
p Thing.where("data->>'n' = ?", "1").count, Thing.where("words @> ARRAY[?]::varchar[]", ["a"]).count, Maker.preload(:things).order(:id).map { |x| x.things.size }, Maker.where.not(id: Thing.select(:maker_id)).exists?, Maker.left_outer_joins(:things).group(:name).count
Thing.transaction { Thing.lock.find(1); Thing.lock("FOR UPDATE SKIP LOCKED").first; Thing.transaction(requires_new: true) { raise ActiveRecord::Rollback } }
p Thing.where(id: 1).explain.size > 10, Thing.find_each(batch_size: 2).count, Thing.in_batches(of: 3).update_all("stock = stock + 1"), Thing.maximum(:price), Thing.where(price: [1, 2]).or(Thing.where(stock: nil)).ids.size, Maker.find_by(name: "m2").destroy.id
p c.tables.sort, c.views.sort, c.columns("things").map(&:sql_type), c.indexes("things").map(&:name), c.foreign_keys("things").size, c.check_constraints("things").size, c.primary_key("things"), c.extensions.sort, c.table_comment("makers"), c.current_schema
require "active_record/schema_dumper"; require "stringio"; o = StringIO.new; ActiveRecord::SchemaDumper.dump(c, o); puts o.string
ActiveRecord::Schema.verbose = false if ActiveRecord::Schema.respond_to?(:verbose=)
c.disable_referential_integrity { Thing.delete_all }
c.truncate_tables("things", "makers"); c.reset_pk_sequence!("things")
ActiveRecord::Migrator.new(:down, [M.new("M", 1)], ActiveRecord::SchemaMigration).migrate rescue p $!.class
c.drop_table(:things, if_exists: true); c.drop_table(:makers, if_exists: true)

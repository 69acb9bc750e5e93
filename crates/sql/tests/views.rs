//! Views, seen through for labels.

#![allow(clippy::unwrap_used)]

mod shop;

use sql::view_columns;

/// `name = a` for a column as it is, `name ~ a b` for a computed one.
fn spelled(view: &str) -> Option<Vec<String>> {
    let catalog = shop::catalog();
    let relation = catalog.relation("public", view).unwrap();
    let outputs = view_columns(relation, &catalog)?;
    let all = outputs.iter().map(|o| {
        let from: Vec<String> = o
            .depends_on
            .iter()
            .map(|c| format!("{}.{}", c.table, c.column))
            .collect();
        let sign = if o.plain { "=" } else { "~" };
        format!("{} {sign} {}", o.name, from.join(" "))
            .trim()
            .to_owned()
    });
    Some(all.collect())
}

#[test]
fn columns_of_views_lead_to_base_columns() {
    assert_eq!(
        spelled("contacts").unwrap(),
        [
            "id = customers.id",
            "name = customers.name",
            "mail = customers.email"
        ]
    );
    assert_eq!(
        spelled("contact_domains").unwrap(),
        [
            "id = customers.id",
            "domain ~ contacts.mail customers.email"
        ]
    );
    assert_eq!(
        spelled("revenue").unwrap(),
        [
            "id = customers.id",
            "name = customers.name",
            "orders ~ orders.id",
            "revenue ~ orders.total"
        ]
    );
    assert_eq!(
        spelled("everybody").unwrap(),
        [
            "name ~ customers.name staff.name",
            "email ~ customers.email staff.email"
        ]
    );
    assert_eq!(
        spelled("boss_tree").unwrap(),
        ["id ~ staff.id", "email ~ staff.email"]
    );
    assert_eq!(
        spelled("cities").unwrap(),
        ["city = customers.city", "n ~", "newest ~ customers.email"]
    );
}

#[test]
fn a_view_over_a_user_s_function_is_seen_through_where_the_function_is() {
    assert_eq!(
        spelled("emails_by_function").unwrap(),
        [
            "id = orders.id",
            "mail ~ customers.email customers.id orders.customer_id"
        ]
    );
    assert_eq!(spelled("by_any_text"), None);
    assert_eq!(spelled("customers"), None);
}

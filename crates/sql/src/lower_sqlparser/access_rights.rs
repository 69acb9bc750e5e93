//! GRANT and REVOKE on objects.
//!
//! Owns: their lowering. Refuses: memberships of roles (left to the other reader) and other dialects' privileges.

use sqlparser::ast::{
    Action, Grant, GrantObjects, Grantee, GranteeName, GranteesType, Ident, ObjectNamePart,
    Privileges as SqlPrivileges, Revoke,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{ObjectKind, Path, Privileges};

impl Source<'_> {
    /// GRANT.
    pub(super) fn grant(&self, grant: &Grant) -> Lowered<Privileges> {
        let Grant {
            privileges,
            objects,
            grantees,
            with_grant_option: _,
            as_grantor,
            granted_by,
            current_grants,
        } = grant;
        absent(
            as_grantor.is_none() && current_grants.is_none(),
            "GRANT in a form of another dialect",
        )?;
        self.rights(privileges, objects.as_ref(), grantees, granted_by.as_ref())
    }

    /// REVOKE.
    pub(super) fn revoke(&self, revoke: &Revoke) -> Lowered<Privileges> {
        let Revoke {
            grant_option_for: _,
            privileges,
            objects,
            grantees,
            granted_by,
            cascade: _,
        } = revoke;
        self.rights(privileges, objects.as_ref(), grantees, granted_by.as_ref())
    }

    fn rights(
        &self,
        privileges: &SqlPrivileges,
        objects: Option<&GrantObjects>,
        grantees: &[Grantee],
        granted_by: Option<&Ident>,
    ) -> Lowered<Privileges> {
        match privileges {
            SqlPrivileges::All {
                with_privileges_keyword: _,
            } => {}
            SqlPrivileges::Actions(actions) => {
                for action in actions {
                    self.action(action)?;
                }
            }
        }
        for Grantee { grantee_type, name } in grantees {
            match grantee_type {
                GranteesType::None | GranteesType::Group | GranteesType::Public => {}
                GranteesType::Role
                | GranteesType::Share
                | GranteesType::User
                | GranteesType::DatabaseRole
                | GranteesType::Application
                | GranteesType::ApplicationRole => {
                    return refuse("a grantee that is not PostgreSQL");
                }
            }
            match name {
                None => {}
                Some(GranteeName::ObjectName(name)) => match name.0.as_slice() {
                    [ObjectNamePart::Identifier(role)] => {
                        self.label(role)?;
                    }
                    _ => return refuse("a grantee by a qualified name"),
                },
                Some(GranteeName::UserHost { user: _, host: _ }) => {
                    return refuse("user@host is not PostgreSQL");
                }
            }
        }
        if let Some(role) = granted_by {
            self.label(role)?;
        }
        let Some(objects) = objects else {
            return refuse("GRANT of a role");
        };
        let (what, names) = self.granted_objects(objects)?;
        Ok(Privileges { what, names })
    }

    fn granted_objects(&self, objects: &GrantObjects) -> Lowered<(ObjectKind, Vec<Path>)> {
        Ok(match objects {
            GrantObjects::Tables(names) => (ObjectKind::Table, self.paths(names)?),
            GrantObjects::Sequences(names) => (ObjectKind::Sequence, self.paths(names)?),
            GrantObjects::Schemas(names) => (ObjectKind::Schema, self.paths(names)?),
            GrantObjects::Databases(names) => (ObjectKind::Database, self.paths(names)?),
            GrantObjects::AllTablesInSchema { schemas }
            | GrantObjects::AllSequencesInSchema { schemas }
            | GrantObjects::AllFunctionsInSchema { schemas } => {
                (ObjectKind::Schema, self.paths(schemas)?)
            }
            GrantObjects::Function { name, arg_types } => {
                self.types_only(arg_types)?;
                (ObjectKind::Function, vec![self.path(name)?])
            }
            GrantObjects::Procedure { name, arg_types } => {
                self.types_only(arg_types)?;
                (ObjectKind::Procedure, vec![self.path(name)?])
            }
            GrantObjects::AllViewsInSchema { .. }
            | GrantObjects::AllMaterializedViewsInSchema { .. }
            | GrantObjects::AllExternalTablesInSchema { .. }
            | GrantObjects::FutureSchemasInDatabase { .. }
            | GrantObjects::FutureTablesInSchema { .. }
            | GrantObjects::FutureViewsInSchema { .. }
            | GrantObjects::FutureExternalTablesInSchema { .. }
            | GrantObjects::FutureMaterializedViewsInSchema { .. }
            | GrantObjects::FutureSequencesInSchema { .. }
            | GrantObjects::Views(_)
            | GrantObjects::Warehouses(_)
            | GrantObjects::Integrations(_)
            | GrantObjects::ResourceMonitors(_)
            | GrantObjects::Users(_)
            | GrantObjects::ComputePools(_)
            | GrantObjects::Connections(_)
            | GrantObjects::FailoverGroup(_)
            | GrantObjects::ReplicationGroup(_)
            | GrantObjects::ExternalVolumes(_) => return refuse("GRANT on what is not PostgreSQL"),
        })
    }

    fn action(&self, action: &Action) -> Lowered<()> {
        match action {
            Action::Insert { columns }
            | Action::References { columns }
            | Action::Select { columns }
            | Action::Update { columns } => {
                self.unused_names(columns.as_deref().unwrap_or_default())
            }
            Action::Connect
            | Action::Create { obj_type: None }
            | Action::Delete
            | Action::Execute { obj_type: None }
            | Action::Temporary
            | Action::Trigger
            | Action::Truncate
            | Action::Usage => Ok(()),
            Action::AddSearchOptimization
            | Action::Apply { .. }
            | Action::ApplyBudget
            | Action::AttachListing
            | Action::AttachPolicy
            | Action::Audit
            | Action::BindServiceEndpoint
            | Action::Create { obj_type: Some(_) }
            | Action::DatabaseRole { .. }
            | Action::Drop
            | Action::EvolveSchema
            | Action::Exec { .. }
            | Action::Execute { obj_type: Some(_) }
            | Action::Failover
            | Action::ImportedPrivileges
            | Action::ImportShare
            | Action::Manage { .. }
            | Action::ManageReleases
            | Action::ManageVersions
            | Action::Modify { .. }
            | Action::Monitor { .. }
            | Action::Operate
            | Action::OverrideShareRestrictions
            | Action::Ownership
            | Action::PurchaseDataExchangeListing
            | Action::Read
            | Action::ReadSession
            | Action::Replicate
            | Action::ResolveAll
            | Action::Role { .. } => refuse("a privilege that is not PostgreSQL"),
        }
    }
}

//! An organization with somebody in each role.

use minicrm::proto::{Organization, Role};

use crate::support::{App, Person};

/// An organization of Ann, with Max, a manager, and Bob and Eve, members.
pub struct Team {
    pub app: App,
    pub acme: Organization,
    pub ann: Person,
    pub max: Person,
    pub bob: Person,
    pub eve: Person,
}

impl Team {
    pub async fn new() -> Self {
        let app = App::secure().await;
        let ann = app.user("ann@example.com").await;
        let acme = app.organization(&ann).await;
        let anns = app.of(&ann, &acme);
        Self {
            max: anns.member("max@example.com", Role::Manager).await,
            bob: anns.member("bob@example.com", Role::Member).await,
            eve: anns.member("eve@example.com", Role::Member).await,
            app,
            acme,
            ann,
        }
    }

    /// The server as they call it.
    pub fn of(&self, person: &Person) -> App {
        self.app.of(person, &self.acme)
    }
}

//! The methods the gateway knows, by the spec's spelling; everything else is `Other`.

macro_rules! methods {
    ($($variant:ident = $text:literal),* $(,)?) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Method { $($variant,)* Other(String) }
        impl Method {
            pub fn parse(text: &str) -> Method {
                match text { $($text => Method::$variant,)* other => Method::Other(other.to_owned()) }
            }
            pub fn as_str(&self) -> &str {
                match self { $(Method::$variant => $text,)* Method::Other(text) => text }
            }
        }
    };
}

methods! {
    Initialize = "initialize",
    Ping = "ping",
    ServerDiscover = "server/discover",
    ToolsList = "tools/list",
    ToolsCall = "tools/call",
    PromptsList = "prompts/list",
    PromptsGet = "prompts/get",
    ResourcesList = "resources/list",
    ResourcesTemplatesList = "resources/templates/list",
    ResourcesRead = "resources/read",
    ResourcesSubscribe = "resources/subscribe",
    ResourcesUnsubscribe = "resources/unsubscribe",
    CompletionComplete = "completion/complete",
    LoggingSetLevel = "logging/setLevel",
    SubscriptionsListen = "subscriptions/listen",
    TasksGet = "tasks/get",
    TasksUpdate = "tasks/update",
    TasksCancel = "tasks/cancel",
    TasksResult = "tasks/result",
    TasksList = "tasks/list",
    ElicitationCreate = "elicitation/create",
    SamplingCreateMessage = "sampling/createMessage",
    RootsList = "roots/list",
    NotificationInitialized = "notifications/initialized",
    NotificationCancelled = "notifications/cancelled",
    NotificationProgress = "notifications/progress",
    NotificationMessage = "notifications/message",
    NotificationToolsListChanged = "notifications/tools/list_changed",
    NotificationPromptsListChanged = "notifications/prompts/list_changed",
    NotificationResourcesListChanged = "notifications/resources/list_changed",
    NotificationResourcesUpdated = "notifications/resources/updated",
    NotificationRootsListChanged = "notifications/roots/list_changed",
    NotificationSubscriptionsAcknowledged = "notifications/subscriptions/acknowledged",
    NotificationElicitationComplete = "notifications/elicitation/complete",
    NotificationTasks = "notifications/tasks",
    NotificationTasksStatus = "notifications/tasks/status",
}

impl Method {
    /// Returns the key in `params` whose value `Mcp-Name` mirrors, if this method has one.
    pub fn name_key(&self) -> Option<&'static str> {
        match self {
            Method::ToolsCall | Method::PromptsGet => Some("name"),
            Method::ResourcesRead => Some("uri"),
            Method::TasksGet | Method::TasksUpdate | Method::TasksCancel => Some("taskId"),
            _ => None,
        }
    }
    /// Returns a label from a bounded set, for metrics and records.
    pub fn label(&self) -> &str {
        match self {
            Method::Other(_) => "other",
            known => known.as_str(),
        }
    }
}

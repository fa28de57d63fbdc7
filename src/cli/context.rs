//! What a decision is about, from the pipeline's environment.
//!
//! Each CI system is a row of [`PROVIDERS`]: the variable that tells it, and
//! those that fill the fields of [`Context`].

use crate::render::summary::Context;

/// A CI system, by its variables. Of several, the first that is set counts.
struct Provider {
    name: &'static str,
    /// Set, and not empty, only by this system.
    told_by: &'static str,
    project: &'static [&'static str],
    branch: &'static [&'static str],
    target_branch: &'static [&'static str],
    merge_request: &'static [&'static str],
    commit: &'static [&'static str],
    tag: &'static [&'static str],
    environment: &'static [&'static str],
    pipeline: &'static [&'static str],
    /// Who made the change; of several, all count.
    authors: &'static [&'static str],
    workspace: &'static str,
}

const PROVIDERS: [Provider; 6] = [
    Provider {
        name: "gitlab",
        told_by: "GITLAB_CI",
        project: &["CI_PROJECT_PATH"],
        branch: &["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH"],
        target_branch: &["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"],
        merge_request: &["CI_MERGE_REQUEST_IID"],
        commit: &["CI_COMMIT_SHA"],
        tag: &["CI_COMMIT_TAG"],
        environment: &["CI_ENVIRONMENT_NAME"],
        pipeline: &["CI_PIPELINE_URL", "CI_PIPELINE_ID"],
        authors: &[
            "CI_COMMIT_AUTHOR",
            "GITLAB_USER_LOGIN",
            "GITLAB_USER_NAME",
            "GITLAB_USER_EMAIL",
        ],
        workspace: "CI_PROJECT_DIR",
    },
    Provider {
        name: "github",
        told_by: "GITHUB_ACTIONS",
        project: &["GITHUB_REPOSITORY"],
        // In a pull request, `GITHUB_REF_NAME` is the merge commit's.
        branch: &["GITHUB_HEAD_REF", "GITHUB_REF_NAME"],
        target_branch: &["GITHUB_BASE_REF"],
        merge_request: &[],
        commit: &["GITHUB_SHA"],
        tag: &[],
        environment: &[],
        pipeline: &["GITHUB_RUN_ID"],
        authors: &["GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR"],
        workspace: "GITHUB_WORKSPACE",
    },
    Provider {
        name: "azure",
        told_by: "TF_BUILD",
        project: &["BUILD_REPOSITORY_NAME"],
        branch: &["SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"],
        target_branch: &["SYSTEM_PULLREQUEST_TARGETBRANCH"],
        merge_request: &[
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
            "SYSTEM_PULLREQUEST_PULLREQUESTID",
        ],
        commit: &["BUILD_SOURCEVERSION"],
        tag: &[],
        environment: &["ENVIRONMENT_NAME"],
        pipeline: &["BUILD_BUILDID"],
        authors: &[
            "BUILD_SOURCEVERSIONAUTHOR",
            "BUILD_REQUESTEDFOR",
            "BUILD_REQUESTEDFOREMAIL",
        ],
        workspace: "BUILD_SOURCESDIRECTORY",
    },
    Provider {
        name: "bitbucket",
        told_by: "BITBUCKET_BUILD_NUMBER",
        project: &["BITBUCKET_REPO_FULL_NAME"],
        branch: &["BITBUCKET_BRANCH"],
        target_branch: &["BITBUCKET_PR_DESTINATION_BRANCH"],
        merge_request: &["BITBUCKET_PR_ID"],
        commit: &["BITBUCKET_COMMIT"],
        tag: &["BITBUCKET_TAG"],
        environment: &["BITBUCKET_DEPLOYMENT_ENVIRONMENT"],
        pipeline: &["BITBUCKET_BUILD_NUMBER"],
        authors: &[],
        workspace: "BITBUCKET_CLONE_DIR",
    },
    Provider {
        name: "circleci",
        told_by: "CIRCLECI",
        project: &["CIRCLE_PROJECT_REPONAME"],
        branch: &["CIRCLE_BRANCH"],
        target_branch: &[],
        merge_request: &["CIRCLE_PR_NUMBER", "CIRCLE_PULL_REQUEST"],
        commit: &["CIRCLE_SHA1"],
        tag: &["CIRCLE_TAG"],
        environment: &[],
        pipeline: &["CIRCLE_BUILD_URL"],
        authors: &["CIRCLE_PR_USERNAME", "CIRCLE_USERNAME"],
        workspace: "CIRCLE_WORKING_DIRECTORY",
    },
    Provider {
        name: "jenkins",
        told_by: "JENKINS_URL",
        project: &["JOB_NAME"],
        branch: &["CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"],
        target_branch: &["CHANGE_TARGET"],
        merge_request: &["CHANGE_ID"],
        commit: &["GIT_COMMIT"],
        tag: &["TAG_NAME"],
        environment: &[],
        pipeline: &["BUILD_URL"],
        authors: &[
            "CHANGE_AUTHOR",
            "CHANGE_AUTHOR_DISPLAY_NAME",
            "CHANGE_AUTHOR_EMAIL",
        ],
        workspace: "WORKSPACE",
    },
];

/// Reads the context, and the folder of the checkout, from variables.
pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> (Context, Option<String>) {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let first = |names: &[&str]| names.iter().find_map(|name| set(name));
    let Some(provider) = PROVIDERS
        .iter()
        .find(|provider| set(provider.told_by).is_some())
    else {
        return (Context::default(), None);
    };
    let mut context = Context {
        provider: Some(provider.name.to_owned()),
        project: first(provider.project),
        branch: first(provider.branch).map(|branch| branch_name(&branch)),
        target_branch: first(provider.target_branch).map(|branch| branch_name(&branch)),
        merge_request: first(provider.merge_request),
        commit: first(provider.commit),
        tag: first(provider.tag),
        environment: first(provider.environment),
        pipeline: first(provider.pipeline),
        authors: authors(provider.authors.iter().filter_map(|name| set(name))),
    };
    if provider.name == "github" {
        complete_github(&mut context, &set);
    }
    (context, set(provider.workspace))
}

/// The names of people, and of `Name <address>` both parts.
fn authors(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut names = Vec::new();
    for text in texts {
        let parts = text.trim_end_matches('>').split(" <").map(str::trim);
        for name in parts.filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// What GitHub says only by parts: the kind of reference, and addresses.
fn complete_github(context: &mut Context, set: &dyn Fn(&str) -> Option<String>) {
    if set("GITHUB_REF_TYPE").as_deref() == Some("tag") {
        context.tag = set("GITHUB_REF_NAME");
        context.branch = None;
    }
    context.merge_request = set("GITHUB_REF").and_then(|reference| {
        Some(
            reference
                .strip_prefix("refs/pull/")?
                .split('/')
                .next()?
                .to_owned(),
        )
    });
    if let (Some(server), Some(project), Some(run)) = (
        set("GITHUB_SERVER_URL"),
        &context.project,
        set("GITHUB_RUN_ID"),
    ) {
        context.pipeline = Some(format!("{server}/{project}/actions/runs/{run}"));
    }
}

fn branch_name(reference: &str) -> String {
    reference
        .strip_prefix("refs/heads/")
        .unwrap_or(reference)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(variables: &[(&str, &str)]) -> (Context, Option<String>) {
        read(&|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn outside_a_pipeline_there_is_none() {
        assert_eq!(
            context(&[("CI_COMMIT_SHA", "c0ffee")]),
            (Context::default(), None)
        );
    }

    #[test]
    fn a_gitlab_merge_request_has_two_branches() {
        let (context, workspace) = context(&[
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "acme/shop"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_COMMIT_SHA", "c0ffee"),
            ("CI_COMMIT_TAG", ""),
            ("CI_PROJECT_DIR", "/builds/acme/shop"),
        ]);
        assert_eq!(context.branch.as_deref(), Some("fix"));
        assert_eq!(context.target_branch.as_deref(), Some("main"));
        assert_eq!(context.merge_request.as_deref(), Some("7"));
        assert_eq!(context.tag, None);
        assert_eq!(workspace.as_deref(), Some("/builds/acme/shop"));
    }

    #[test]
    fn a_github_pull_request_is_named_by_its_reference() {
        let (context, _) = context(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_HEAD_REF", "fix"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_SHA", "c0ffee"),
        ]);
        assert_eq!(context.branch.as_deref(), Some("fix"));
        assert_eq!(context.merge_request.as_deref(), Some("7"));
        assert_eq!(
            context.pipeline.as_deref(),
            Some("https://github.com/acme/shop/actions/runs/42")
        );
    }

    #[test]
    fn a_github_tag_is_no_branch() {
        let (context, _) = context(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REF_TYPE", "tag"),
            ("GITHUB_REF_NAME", "v1.0"),
        ]);
        assert_eq!(
            (context.tag.as_deref(), context.branch),
            (Some("v1.0"), None)
        );
    }
}

use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;

fn answer(http: u16, header: Option<&'static str>, body: &str) -> Refusal {
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-requestid", "r1".parse().unwrap());
    headers.extend(header.map(|it| (http::HeaderName::from_static("x-amzn-errortype"), it.parse().unwrap())));
    let status = StatusCode::from_u16(http).unwrap();
    Refusal::of(&Answer { status, headers, body: body.as_bytes().to_vec() })
}

#[test]
fn the_table_decides() {
    use ErrorKind::{Forbidden, Invalid, Quota, Transport, Unauthenticated};
    for (http, code, message, action) in [
        (429, "ThrottlingException", "", Action::Throttled),
        (400, "ThrottlingException", "Rate exceeded", Action::Throttled),
        (403, "ExpiredTokenException", "", Action::Final(Unauthenticated)),
        (403, "UnrecognizedClientException", "", Action::Final(Unauthenticated)),
        (403, "AccessDeniedException", "not authorized to perform", Action::Final(Forbidden)),
        (400, "ClientException", "User is not authorized to use the resource", Action::Final(Forbidden)),
        (404, "ResourceNotFoundException", "No node group found", Action::NotFound),
        (404, "", "<html>", Action::Final(Transport)),
        (404, "NotFoundException", "", Action::Final(Transport)),
        (409, "ResourceInUseException", "NodeGroup already exists with name p", Action::Exists),
        (
            409,
            "ResourceInUseException",
            "cannot be updated as it is currently not in Active State",
            Action::Busy,
        ),
        (400, "InvalidRequestException", "an update is in progress", Action::Busy),
        (400, "ResourceLimitExceededException", "", Action::Final(Quota)),
        (400, "InvalidParameterException", "Subnets are not valid", Action::Final(Invalid)),
        (500, "ServerException", "", Action::Again),
        (503, "ServiceUnavailableException", "", Action::Again),
        (302, "", "", Action::Final(Transport)),
    ] {
        let body = json!({"message": message}).to_string();
        let refusal = Refusal { code: code.into(), ..answer(http, None, &body) };
        assert_eq!(refusal.action(), action, "{http} {code} {message}");
    }
}

#[test]
fn the_exception_is_found_wherever_it_is_named() {
    let body = json!({"nodegroupName": "p", "clusterName": "c", "message": "m"});
    for refusal in [
        answer(409, Some("ResourceInUseException"), &body.to_string()),
        answer(409, Some("ResourceInUseException:http://internal.amazon.com/x/"), &body.to_string()),
        answer(
            409,
            None,
            &json!({"__type": "aws.eks#ResourceInUseException", "message": "m", "nodegroupName": "p"})
                .to_string(),
        ),
    ] {
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("ResourceInUseException", "m"));
        assert_eq!(refusal.about.as_deref(), Some("p"));
        assert_eq!(refusal.request_id.as_deref(), Some("r1"));
    }
    let page = answer(404, None, "<html>\nNot found");
    assert_eq!((page.code.as_str(), page.message.as_str()), ("", "<html>"));
}

//! Launch templates.

use super::{Aws, between};

#[test]
fn versions_are_numbered_merged_read_and_deleted() {
    let mut aws = Aws::new();
    let create = [
        ("LaunchTemplateName", "t-1"),
        ("ClientToken", "x"),
        ("LaunchTemplateData.InstanceType", "g5.xlarge"),
        ("LaunchTemplateData.MetadataOptions.HttpTokens", "required"),
        ("LaunchTemplateData.BlockDeviceMapping.1.DeviceName", "/dev/xvdb"),
        ("LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize", "200"),
        ("TagSpecification.1.ResourceType", "launch-template"),
        ("TagSpecification.1.Tag.1.Key", "owner"),
        ("TagSpecification.1.Tag.1.Value", "me"),
    ];
    let (status, text) = aws.query("ec2", "CreateLaunchTemplate", &create);
    assert_eq!(status, 200, "{text}");
    let id = between(&text, "<launchTemplateId>", "</launchTemplateId>");
    assert!(text.contains("<tagSet><item><key>owner</key><value>me</value></item></tagSet>"), "{text}");
    let (_, again) = aws.query("ec2", "CreateLaunchTemplate", &create);
    assert_eq!(between(&again, "<launchTemplateId>", "</launchTemplateId>"), id, "the token is the same");
    let merged = [
        ("LaunchTemplateId", id.as_str()),
        ("SourceVersion", "1"),
        ("LaunchTemplateData.InstanceType", "g5.2xlarge"),
    ];
    aws.query("ec2", "CreateLaunchTemplateVersion", &merged);
    let read = [("LaunchTemplateId", id.as_str()), ("LaunchTemplateVersion.1", "$Latest")];
    let (_, text) = aws.query("ec2", "DescribeLaunchTemplateVersions", &read);
    assert!(text.contains("<instanceType>g5.2xlarge</instanceType>"), "{text}");
    assert!(
        text.contains("<httpTokens>required</httpTokens>") && text.contains("<volumeSize>200</volumeSize>")
    );
    let default = [("LaunchTemplateId", id.as_str()), ("SetDefaultVersion", "2")];
    let (_, text) = aws.query("ec2", "ModifyLaunchTemplate", &default);
    assert!(text.contains("<defaultVersionNumber>2</defaultVersionNumber>"), "{text}");
    let gone = [
        ("LaunchTemplateId", id.as_str()),
        ("LaunchTemplateVersion.1", "1"),
        ("LaunchTemplateVersion.2", "2"),
    ];
    let (_, text) = aws.query("ec2", "DeleteLaunchTemplateVersions", &gone);
    let deleted = "<successfullyDeletedLaunchTemplateVersionSet><item>";
    assert!(text.contains(deleted) && text.contains("<responseError>"), "{text}");
    aws.query("ec2", "DeleteLaunchTemplate", &[("LaunchTemplateId", id.as_str())]);
    let (status, text) = aws.query("ec2", "DescribeLaunchTemplates", &[("LaunchTemplateId.1", id.as_str())]);
    assert!(status == 400 && text.contains("<Code>InvalidLaunchTemplateId.NotFound</Code>"), "{text}");
}

#[test]
fn wrong_requests_have_ec2s_codes() {
    let mut aws = Aws::new();
    aws.template("taken", "");
    for (parameters, code) in [
        (vec![("LaunchTemplateName", "x")], "MissingParameter"),
        (vec![("LaunchTemplateName", "xyz"), ("LaunchTemplateData.InstanceTyp", "a")], "UnknownParameter"),
        (
            vec![("LaunchTemplateName", "taken"), ("LaunchTemplateData.ImageId", "ami-1")],
            "InvalidLaunchTemplateName.AlreadyExistsException",
        ),
        (
            vec![("LaunchTemplateName", "xyz"), ("LaunchTemplateData.UserData", "[no base64]")],
            "InvalidUserData.Malformed",
        ),
    ] {
        let (status, text) = aws.query("ec2", "CreateLaunchTemplate", &parameters);
        assert!(status == 400 && text.contains(&format!("<Code>{code}</Code>")), "{parameters:?}: {text}");
    }
}

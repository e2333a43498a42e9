use super::*;
use proptest::prelude::*;

fn profile(text: &str) -> MigProfile {
    text.parse().unwrap()
}

fn any_profile() -> impl Strategy<Value = MigProfile> {
    let attribute = proptest::sample::select(Attribute::ALL.to_vec());
    (1_u8..=u8::MAX, proptest::option::of(1_u8..u8::MAX), any::<u16>(), attribute).prop_map(
        |(slices, compute, memory_gb, attribute)| MigProfile {
            compute_instance: compute.filter(|&compute| compute < slices),
            slices,
            memory_gb,
            attribute,
        },
    )
}

proptest! {
    #[test]
    fn print_then_parse_is_the_same(profile in any_profile()) {
        prop_assert_eq!(profile.to_string().parse::<MigProfile>(), Ok(profile));
    }

    #[test]
    fn the_label_spelling_parses_to_the_same(profile in any_profile()) {
        prop_assert_eq!(profile.label_value().parse::<MigProfile>(), Ok(profile));
    }

    #[test]
    fn what_parses_prints_as_it_was_or_in_the_label_spelling(text in "([1-9]c\\.)?[0-9]{1,2}g\\.[0-9]{1,3}gb([+.-](me|gfx|me\\.all))?") {
        if let Ok(profile) = text.parse::<MigProfile>() {
            prop_assert!(text == profile.to_string() || text == profile.label_value());
        }
    }

    #[test]
    fn any_text_gives_a_profile_or_an_error(text in "\\PC*") {
        let _ = text.parse::<MigProfile>();
    }
}

#[test]
fn the_parts_of_a_name() {
    assert_eq!(profile("1g.10gb"), MigProfile::plain(1, 10));
    let all_media = MigProfile { attribute: Attribute::MediaAll, ..MigProfile::plain(2, 48) };
    assert_eq!(profile("2g.48gb+me.all"), all_media);
    assert_eq!(profile("2g.48gb.me.all"), all_media);
    assert_eq!(all_media.base(), MigProfile::plain(2, 48));
    let compute = profile("1c.2g.10gb");
    assert_eq!((compute.compute_instance, compute.slices), (Some(1), 2));
    assert_eq!(compute.base(), profile("2g.10gb"));
}

#[test]
fn the_forms_that_kubernetes_needs() {
    let forms = |text| {
        let profile = profile(text);
        [profile.label_value(), profile.mig_config_label(), profile.mixed_resource_name()]
    };
    assert_eq!(forms("1g.10gb"), ["1g.10gb", "all-1g.10gb", "nvidia.com/mig-1g.10gb"]);
    assert_eq!(
        forms("1g.24gb+me.all"),
        ["1g.24gb.me.all", "all-1g.24gb.me.all", "nvidia.com/mig-1g.24gb.me.all"]
    );
    assert_eq!(forms("1g.24gb+gfx"), ["1g.24gb.gfx", "all-1g.24gb.gfx", "nvidia.com/mig-1g.24gb.gfx"]);
    assert_eq!(forms("1g.24gb-me"), ["1g.24gb-me", "all-1g.24gb-me", "nvidia.com/mig-1g.24gb-me"]);
}

#[test]
fn refusals_say_what_is_wrong() {
    let message = |text: &str| text.parse::<MigProfile>().unwrap_err().to_string();
    for text in [
        "",
        "1g",
        "g.10gb",
        "1g.gb",
        "1g.10",
        "01g.10gb",
        "1g.010gb",
        "0g.10gb",
        "300g.10gb",
        "1G.10GB",
        " 1g.10gb",
        "0c.2g.10gb",
    ] {
        assert_eq!(
            message(text),
            format!("{text:?} is not a MIG profile name; the form is <slices>g.<memory>gb, such as 1g.10gb")
        );
    }
    assert!(message("1g.10gb+xy").contains("ends in \"+xy\""));
    assert!(message("1g.10gb-gfx").contains("ends in \"-gfx\""));
    assert!(message("1g.10gb+me,gfx").contains("several suffixes"));
    assert!(message("2c.2g.10gb").contains("must be smaller"));
}

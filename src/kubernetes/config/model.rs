//! The device plugin's configuration schema v1, as data (source: NVIDIA k8s-device-plugin v0.20.0, `api/config/v1`).

/// What may stand at a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// `true` or `false`.
    Flag,
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or a list of them.
    Words(&'static [&'static str]),
    /// A whole number, and the least that is taken.
    Whole(i64),
    /// A list of whole numbers.
    Wholes,
    /// A resource's name, with or without `nvidia.com/`.
    Resource,
    /// Fields.
    Object(&'static Object),
    /// A list, not empty.
    List(&'static Object),
    /// Read, and then thrown away with a line in the plugin's log.
    Ignored(&'static str),
}

/// Named fields.
#[derive(Debug)]
pub(super) struct Object {
    /// The fields by name.
    pub(super) fields: &'static [(&'static str, Shape)],
    /// Those that must be there.
    pub(super) required: &'static [&'static str],
    /// Whether the case of names counts. Go's JSON reader passes over it, the plugin's own readers do not.
    pub(super) exact: bool,
}

const STRATEGIES: &[&str] = &["none", "single", "mixed"];

/// The whole file.
pub(super) static FILE: Object = Object {
    fields: &[
        ("version", Shape::Word(&["v1"])),
        ("flags", Shape::Object(&FLAGS)),
        ("resources", Shape::Ignored("resources cannot be renamed in this file")),
        ("sharing", Shape::Object(&SHARING)),
        ("imex", Shape::Object(&IMEX)),
    ],
    required: &[],
    exact: false,
};

static FLAGS: Object = Object {
    fields: &[
        ("migStrategy", Shape::Word(STRATEGIES)),
        ("failOnInitError", Shape::Flag),
        ("mpsRoot", Shape::Text),
        ("nvidiaDriverRoot", Shape::Text),
        ("nvidiaDevRoot", Shape::Text),
        ("gdrcopyEnabled", Shape::Flag),
        ("gdsEnabled", Shape::Flag),
        ("mofedEnabled", Shape::Flag),
        ("useNodeFeatureAPI", Shape::Flag),
        ("deviceDiscoveryStrategy", Shape::Word(&["auto", "nvml", "tegra"])),
        ("plugin", Shape::Object(&PLUGIN)),
        ("gfd", Shape::Object(&GFD)),
    ],
    required: &[],
    exact: false,
};

static PLUGIN: Object = Object {
    fields: &[
        ("passDeviceSpecs", Shape::Flag),
        ("deviceListStrategy", Shape::Words(&["envvar", "volume-mounts", "cdi-annotations", "cdi-cri"])),
        ("deviceIDStrategy", Shape::Word(&["uuid", "index"])),
        ("cdiAnnotationPrefix", Shape::Text),
        ("nvidiaCTKPath", Shape::Text),
        ("containerDriverRoot", Shape::Text),
        ("sharedDevicesAllocationPolicy", Shape::Word(&["distributed", "packed"])),
    ],
    required: &[],
    exact: false,
};

static GFD: Object = Object {
    fields: &[
        ("oneshot", Shape::Flag),
        ("noTimestamp", Shape::Flag),
        ("sleepInterval", Shape::Text),
        ("outputFile", Shape::Text),
        ("machineTypeFile", Shape::Text),
    ],
    required: &[],
    exact: false,
};

static SHARING: Object = Object {
    fields: &[("timeSlicing", Shape::Object(&REPLICATED)), ("mps", Shape::Object(&REPLICATED))],
    required: &[],
    exact: false,
};

static REPLICATED: Object = Object {
    fields: &[
        ("renameByDefault", Shape::Flag),
        ("failRequestsGreaterThanOne", Shape::Flag),
        ("resources", Shape::List(&RESOURCE)),
    ],
    required: &["resources"],
    exact: true,
};

static RESOURCE: Object = Object {
    fields: &[
        ("name", Shape::Resource),
        ("replicas", Shape::Whole(2)),
        ("rename", Shape::Ignored("only renameByDefault renames")),
        ("devices", Shape::Ignored("all devices are shared")),
    ],
    required: &["name", "replicas"],
    exact: true,
};

static IMEX: Object = Object {
    fields: &[("channelIDs", Shape::Wholes), ("required", Shape::Flag)],
    required: &[],
    exact: false,
};

/// Where a field of this name belongs, such as `sharing.timeSlicing.renameByDefault`.
pub(super) fn places_of(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    search(&FILE, "", name, &mut found);
    found
}

fn search(object: &Object, at: &str, name: &str, found: &mut Vec<String>) {
    for (field, shape) in object.fields {
        let path = if at.is_empty() { (*field).to_owned() } else { format!("{at}.{field}") };
        match shape {
            Shape::Ignored(_) => continue,
            Shape::Object(inner) => search(inner, &path, name, found),
            Shape::List(inner) => search(inner, &format!("{path}[]"), name, found),
            _ => {}
        }
        if field.eq_ignore_ascii_case(name) {
            found.push(path);
        }
    }
}

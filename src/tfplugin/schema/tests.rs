use super::*;
use crate::tfplugin::value::Value;

//! A value of a configuration, which may be absent or not known yet.

/// One attribute as a configuration has it at plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// Not written.
    #[default]
    Null,
    /// Written, but its value comes from something that does not exist yet.
    Unknown,
    /// Written, with this value.
    Known(T),
}

impl<T> Field<T> {
    /// The value, if there is one and it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Field::Known(value) => Some(value),
            Field::Null | Field::Unknown => None,
        }
    }

    /// Whether it is certain that nothing was written.
    pub fn is_null(&self) -> bool {
        matches!(self, Field::Null)
    }

    /// Whether the value is not known yet.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Field::Unknown)
    }

    /// Whether something was written, known or not.
    pub fn is_written(&self) -> bool {
        !self.is_null()
    }

    /// The same field with another value.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Field::Null => Field::Null,
            Field::Unknown => Field::Unknown,
            Field::Known(value) => Field::Known(with(value)),
        }
    }

    /// The value, or `default` where nothing was written; `None` while it is unknown.
    pub fn known_or(&self, default: T) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Field::Null => Some(default),
            Field::Unknown => None,
            Field::Known(value) => Some(value.clone()),
        }
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Field::Null, Field::Known)
    }
}

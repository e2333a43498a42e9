//! The pure domain of GPU slicing.

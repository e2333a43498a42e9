//! The embedded clouds.

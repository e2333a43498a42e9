//! The HCL surface.

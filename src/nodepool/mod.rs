//! The neutral node pool between HCL and the clouds.

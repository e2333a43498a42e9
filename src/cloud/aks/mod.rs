//! Azure Kubernetes Service. [`super`] says what each file holds.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the client that asks for tokens comes with the node pools")
)]
mod auth;

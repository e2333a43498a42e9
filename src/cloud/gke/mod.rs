//! Google Kubernetes Engine.

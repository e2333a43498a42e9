//! AKS as a client sees it, with a clock that only the tests move.

//! Whole systems as separate processes.

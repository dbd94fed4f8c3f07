//! The suite tried on connectors with known defects.

//! Prices checked against the PostgreSQL manual, what advice may count on, and laws that every price obeys.

mod calibration;
mod laws;
mod manual;
mod spec;
mod steps;

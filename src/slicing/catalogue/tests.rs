use super::*;

#[test]
fn every_row_of_the_embedded_tables_can_be_read() {
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.gpus().count(), include_str!("../data/gpus.csv").lines().count() - 1);
}

/* Assignment of the uniform numbers of a point: its coordinates, the selection of its cell, and for an event the
 * accept-reject decision and the auxiliary random numbers. */
enum {
    TG_TABLE_WORD = TG_DIMENSIONS,
    TG_POINT_WORDS = (TG_DIMENSIONS + 1 + 3) / 4 * 4,
    TG_WORDS_BETWEEN = 2 /* those for the cell and for accept-reject */
};

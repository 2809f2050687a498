/* Which uniform numbers of a point are for what: its coordinates, the choice of its cell, and for an event the
 * decision whether it is kept and the numbers beyond the coordinates that its columns need. */
enum {
    TG_TABLE_WORD = TG_DIMENSIONS,
    TG_POINT_WORDS = (TG_DIMENSIONS + 1 + 3) / 4 * 4,
    TG_WORDS_BETWEEN = 2 /* the cell's and the decision's */
};

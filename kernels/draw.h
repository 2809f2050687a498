/* Generation of events by number, on the host: draw their random numbers, sort them by channel, and write their columns
 * with the kernel of each channel. */

enum { TG_BLOCK = 2048, TG_MAX_WORDS = 32, TG_MAX_CHANNELS = 4096 };

typedef void (*tg_points_function)(const double *c, const double *const *t, const struct tg_density *d, int64_t count,
                                   const int32_t *which, const int64_t *row, const int64_t *cell, const double *u,
                                   int64_t stride, double share, int64_t weighted, void *const *out,
                                   const int64_t *steps, const int64_t *is_int);

/* Kernel and arguments by which a channel writes columns; see tg_points in host.h. */
struct tg_channel {
    tg_points_function points;
    const double *c;
    const double *const *t;
    const struct tg_density *density;
    double share;
    int64_t weighted;
    void *const *out;
    const int64_t *steps, *is_int;
};

/* The alias table over the cells of all channels, the channel of each cell, and the first cell of each channel. */
struct tg_table {
    const double *keep;
    const int64_t *alias;
    const int32_t *owner;
    const int64_t *offsets;
    int64_t cells, channels;
};

/* The events of a block sorted by channel: those of channel k are which[first[k]] to which[first[k + 1] - 1]. */
struct tg_sorted {
    int32_t which[TG_BLOCK];
    int64_t first[TG_MAX_CHANNELS + 1];
};

static void tg_draw(uint64_t seed, uint64_t stream, int64_t first, int64_t words, double (*u)[TG_BLOCK]) {
    const uint64_t blocks = (uint64_t)words / 4;
    for (uint64_t block = 0; block < blocks; ++block) {
        double(*rows)[TG_BLOCK] = u + 4 * block;
        TG_SIMD
        for (int i = 0; i < TG_BLOCK; ++i) {
            uint64_t bits[4];
            tg_philox((uint64_t)(first + i) * blocks + block, seed, stream, bits);
            rows[0][i] = tg_uniform(bits[0]);
            rows[1][i] = tg_uniform(bits[1]);
            rows[2][i] = tg_uniform(bits[2]);
            rows[3][i] = tg_uniform(bits[3]);
        }
    }
}

/* Selects the channel and cell of each event. */
static void tg_pick_cells(const struct tg_table *table, const double *u, int64_t count, int32_t *channel, int64_t *cell) {
    for (int64_t i = 0; i < count; ++i) {
        const int64_t slot = tg_pick(table->keep, table->alias, table->cells, u[i]);
        channel[i] = table->owner[slot];
        cell[i] = slot - table->offsets[channel[i]];
    }
}

/* Sorts the events with keep[i], or all events if `keep` is null, by channel; the order within a channel is kept. */
static void tg_sort(const int32_t *channel, const bool *keep, int64_t count, int64_t channels, struct tg_sorted *s) {
    for (int64_t k = 0; k <= channels; ++k) {
        s->first[k] = 0;
    }
    for (int64_t i = 0; i < count; ++i) {
        s->first[channel[i]] += !keep || keep[i];
    }
    int64_t begin = 0;
    for (int64_t k = 0; k <= channels; ++k) {
        const int64_t number = s->first[k];
        s->first[k] = begin;
        begin += number;
    }
    for (int64_t i = 0; i < count; ++i) {
        if (!keep || keep[i]) {
            s->which[s->first[channel[i]]++] = (int32_t)i;
        }
    }
    for (int64_t k = channels; k > 0; --k) {
        s->first[k] = s->first[k - 1];
    }
    s->first[0] = 0;
}

static void tg_write(const struct tg_channel *of, int64_t k, const struct tg_sorted *s, const int64_t *row,
                     const int64_t *cell, const double (*u)[TG_BLOCK], void *const *out, const int64_t *steps,
                     const int64_t *is_int) {
    const int64_t count = s->first[k + 1] - s->first[k];
    if (count > 0) {
        of->points(of->c, of->t, of->density, count, s->which + s->first[k], row, cell, u[0], TG_BLOCK, of->share,
                   of->weighted, out, steps, is_int);
    }
}

extern "C" {

/* Writes the columns of the events `first` to `first + count - 1` from row `row` on, and returns the number of rows.
 *
 * If `weigh` is not null, its channels compute the weight of each event, and only events accepted by accept-reject,
 * with a weight above their uniform number times `most`, are written. Each of `event`, `accept` and `chosen` (the
 * channel) is a column, or null. */
int64_t tg_events(const struct tg_channel *channels, const struct tg_channel *weigh, const struct tg_table *table,
                  uint64_t seed, uint64_t stream, int64_t first, int64_t count, int64_t words, int64_t table_word,
                  int64_t row, double most, uint64_t *event, double *accept, int64_t *chosen) {
    static thread_local double u[TG_MAX_WORDS][TG_BLOCK], weight[TG_BLOCK];
    static thread_local int64_t cell[TG_BLOCK], rows[TG_BLOCK];
    static thread_local int32_t channel[TG_BLOCK];
    static thread_local bool keep[TG_BLOCK];
    static thread_local struct tg_sorted sorted;
    void *const weight_column[1] = {weight};
    const int64_t one[1] = {1}, no[1] = {0}, begin = row;
    for (int64_t start = 0; start < count; start += TG_BLOCK) {
        const int64_t n = TG_MIN((int64_t)TG_BLOCK, count - start);
        const double *decision = u[table_word + 1];
        tg_draw(seed, stream, first + start, words, u);
        tg_pick_cells(table, u[table_word], n, channel, cell);
        if (weigh) {
            for (int64_t i = 0; i < n; ++i) {
                rows[i] = i;
            }
            tg_sort(channel, nullptr, n, table->channels, &sorted);
            for (int64_t k = 0; k < table->channels; ++k) {
                tg_write(weigh + k, k, &sorted, rows, cell, u, weight_column, one, no);
            }
        }
        for (int64_t i = 0; i < n; ++i) {
            keep[i] = !weigh || weight[i] > decision[i] * most;
            rows[i] = row;
            if (keep[i]) {
                if (event) {
                    event[row] = (uint64_t)(first + start + i);
                }
                if (accept) {
                    accept[row] = decision[i];
                }
                if (chosen) {
                    chosen[row] = channel[i];
                }
                ++row;
            }
        }
        tg_sort(channel, keep, n, table->channels, &sorted);
        for (int64_t k = 0; k < table->channels; ++k) {
            tg_write(channels + k, k, &sorted, rows, cell, u, channels[k].out, channels[k].steps, channels[k].is_int);
        }
    }
    return row - begin;
}
}

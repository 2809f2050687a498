/* Philox4x64-10, the counter-based generator of numpy.random.Philox (Salmon et al., Proc. SC11 (2011) 16).
 *
 * Block b of a stream is the cipher of counter b + 1, because NumPy increments before it draws.
 */
TG_INLINE void tg_philox(uint64_t block, uint64_t key0, uint64_t key1, uint64_t out[4]) {
    uint64_t c0 = block + 1, c1 = c0 == 0 ? 1 : 0, c2 = 0, c3 = 0;
    TG_UNROLL(10)
    for (int round = 0; round < 10; ++round) {
        uint64_t high0, low0, high1, low1;
        tg_product(0xD2E7470EE14C6C93ULL, c0, &high0, &low0);
        tg_product(0xCA5A826395121157ULL, c2, &high1, &low1);
        c0 = high1 ^ c1 ^ key0;
        c1 = low1;
        c2 = high0 ^ c3 ^ key1;
        c3 = low0;
        key0 += 0x9E3779B97F4A7C15ULL;
        key1 += 0xBB67AE8584CAA73BULL;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* 52 random bits become the mantissa of a number in [1, 2); subtracting 1 - 2^-53 puts it strictly inside (0, 1). */
TG_INLINE double tg_uniform(uint64_t bits) {
    return TG_FLOAT((int64_t)((bits >> 12) | 0x3FF0000000000000ULL)) - (1.0 - 0x1p-53);
}

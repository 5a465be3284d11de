//! Student's distribution (Biometrika 6, 1908), for any number of degrees of freedom.

/// Chance that |T| is more than `t` where nothing but chance is at work.
///
/// The regularised incomplete beta function of ν/(ν + t²) (Abramowitz and Stegun 26.7.1 and 26.5.2).
pub fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The t that |T| stays below in a share of `confidence` of cases.
pub fn quantile(confidence: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > 1.0 - confidence && high < 1e300 {
        high *= 2.0;
    }
    while high - low > 1e-12 * high {
        let middle = f64::midpoint(low, high);
        if two_sided(middle, freedom) > 1.0 - confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// I_x(a, b), regularised.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges fast on this side, and the other is its complement.
    if x < (a + 1.0) / (a + b + 2.0) {
        ln_front.exp() * fraction(a, b, x) / a
    } else {
        1.0 - ln_front.exp() * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's
/// method (Applied Optics 15, 1976).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let clear = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut above = 1.0;
    let mut below = 1.0 / clear(1.0 - (a + b) * x / (a + 1.0));
    let mut result = below;
    for m in (1..1_000).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = result;
        for numerator in [even, odd] {
            below = 1.0 / clear(1.0 + numerator * below);
            above = clear(1.0 + numerator / above);
            result *= above * below;
        }
        if (result / before - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
}

/// ln Γ(x) for x > 0: Stirling's series (Abramowitz and Stegun 6.1.41), far enough out.
fn ln_gamma(x: f64) -> f64 {
    if x < 15.0 {
        return ln_gamma(x + 1.0) - x.ln();
    }
    let square = x * x;
    let series =
        1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1_260.0 - 1.0 / 1_680.0 / square) / square) / square;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_the_tables() {
        // Two-sided 95 % and 99.9 % of the usual tables.
        for (confidence, freedom, t) in [
            (0.95, 1.0, 12.706),
            (0.95, 2.0, 4.303),
            (0.95, 4.0, 2.776),
            (0.95, 9.0, 2.262),
            (0.95, 30.0, 2.042),
            (0.999, 9.0, 4.781),
            (0.95, 1e6, 1.960),
        ] {
            let found = quantile(confidence, freedom);
            assert!((found - t).abs() < 6e-4, "{confidence} {freedom}: {found}");
        }
    }

    #[test]
    fn the_chance_of_a_quantile_is_what_it_was_asked_for() {
        for freedom in [1.0, 2.5, 7.3, 18.0, 400.0] {
            for chance in [0.5, 0.05, 1e-3, 1e-6] {
                let t = quantile(1.0 - chance, freedom);
                assert!((two_sided(t, freedom) / chance - 1.0).abs() < 1e-6, "{freedom} {chance}");
            }
        }
        // One and two degrees of freedom have closed forms.
        let cauchy = 1.0 - 2.0 / std::f64::consts::PI * 3_f64.atan();
        assert!((two_sided(3.0, 1.0) - cauchy).abs() < 1e-12);
        assert!((two_sided(3.0, 2.0) - (1.0 - 3.0 / 11_f64.sqrt())).abs() < 1e-12);
    }
}

#include "ui/viewmodels/run_fact_lines.h"

#include "engine/core/format.h"
#include "ui/viewmodels/history_text.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;
namespace ht = history_text;

namespace {

constexpr std::size_t kMostMeasures = 12, kMostDetails = 12;

QString tr(const char* text) {
    return QCoreApplication::translate("moa::RunFactLines", text);
}

class Lines {
public:
    explicit Lines(const RunPassport& passport) : m_passport(passport), m_run(passport.detail) {}

    std::vector<FactLine> all() {
        start();
        measures();
        machine();
        repeats();
        return std::move(m_lines);
    }

private:
    void heading(const QString& text) { m_lines.push_back({.name = text, .value = {}, .isHeading = true}); }
    void add(const QString& name, const QString& value, const QString& full = {}) {
        if (!value.isEmpty()) m_lines.push_back({.name = name, .value = value, .full = full});
    }
    void hashed(const QString& name, const QString& what, const std::string& sha256, const QString& full) {
        if (what.isEmpty() && sha256.empty()) return;
        if (sha256.empty()) return add(name, what, full);
        m_lines.push_back({.name = name, .value = ht::shortHash(sha256), .middle = what,
                           .full = full + (full.isEmpty() ? QString() : u"\n"_s) + ht::plain(sha256), .isMono = true});
    }

    void start() {
        heading(tr("Passport"));
        const RunSummary& s = m_run.summary;
        m_lines.push_back({.name = tr("Status"), .value = ht::status(s.status), .tone = ht::isGood(s.status) ? FactTone::Good
                                                                                 : s.status == RunStatus::Failed ? FactTone::Bad : FactTone::Drift});
        if (!m_run.error.empty()) m_lines.push_back({.name = tr("Error"), .value = ht::plain(m_run.error), .full = ht::plainLines(m_run.error), .tone = FactTone::Bad});
        add(tr("Started"), ht::exactTime(s.started));
        if (s.finished) add(tr("Took"), ht::duration(double((*s.finished - s.started).count()) / 1000));
        if (m_run.model) {
            hashed(tr("Model"), ht::plain(m_run.model->name), m_run.model->sha256, ht::plain(m_run.model->name));
            add(tr("Quantisation"), ht::plain(m_run.model->quantisation, 40));
        }
        if (m_run.plan) hashed(tr("Plan"), ht::plain(m_run.plan->name), m_run.plan->sha256, tr("%1, from %2").arg(ht::plain(m_run.plan->name), ht::plain(m_run.plan->origin, 40)));
        if (m_run.prompt) hashed(tr("Prompt"), tr("%1 tokens").arg(ht::tokens(m_run.prompt->tokens)), m_run.prompt->sha256,
                                 m_run.prompt->text ? ht::plainLines(m_run.prompt->text->substr(0, 2000)) : tr("Only its hash is kept."));
        if (m_run.profile) {
            const QString path = ht::plain(m_run.profile->path);
            hashed(tr("Profile"), QFileInfo(path).fileName(), m_run.profile->sha256, path);
            add(tr("Calibration"), ht::plain(m_run.profile->calibration) + tr(", %1 samples").arg(m_run.profile->samples));
        }
        if (s.seed) add(tr("Seed"), QString::number(*s.seed));
        for (const SearchRecord& search : m_run.searches)
            if (search.gap) add(tr("Solver"), tr("gap %1%, %2").arg(QString::number(100 * *search.gap, 'f', 2), ht::plain(search.solver, 40)));
        const QString command = commandLine();
        if (!command.isEmpty()) m_lines.push_back({.name = tr("Command"), .value = command, .full = command, .isMono = true});
        const QString settings = ht::plain(m_run.settings, 4000);
        QJsonObject shown = QJsonDocument::fromJson(QByteArray::fromStdString(m_run.settings)).object();
        shown.remove(u"folder"_s); // decides no result; the tooltip has it
        const QString line = ht::plain(QJsonDocument(shown).toJson(QJsonDocument::Compact).toStdString(), 200);
        if (settings != u"{}"_s) m_lines.push_back({.name = tr("Settings"), .value = line, .full = settings, .isMono = true});
    }

    QString commandLine() const {
        const QJsonArray arguments = QJsonDocument::fromJson(QByteArray::fromStdString(m_run.arguments)).array();
        if (arguments.isEmpty()) return {};
        QStringList words{u"moa"_s};
        for (const QJsonValue& argument : arguments) {
            const QString word = ht::plain(argument.toString().toStdString(), 200);
            words.append(word.contains(u' ') || word.isEmpty() ? u'\'' + word + u'\'' : word);
        }
        return words.join(u' ');
    }

    static QString conditions(const std::string& context) {
        const QJsonObject at = QJsonDocument::fromJson(QByteArray::fromStdString(context)).object();
        QStringList parts;
        for (auto it = at.begin(); it != at.end(); ++it) {
            const QJsonValue value = it.value();
            if (value.isObject() || value.isArray()) continue;
            const QString text = value.isDouble() ? ht::number(value.toDouble()) : ht::plain(value.toVariant().toString().toStdString(), 60);
            parts.append(ht::plain(it.key().toStdString(), 40) + u' ' + text);
        }
        return parts.join(u", "_s);
    }

    void measures() {
        if (m_run.measurements.empty()) return;
        heading(tr("Measures"));
        for (std::size_t i = 0; i < std::min(m_run.measurements.size(), kMostMeasures); ++i) {
            const Measurement& m = m_run.measurements[i];
            QString value = ht::number(m.value);
            if (m.error) value += u" ± "_s + ht::number(*m.error);
            const QString unit = ht::plain(m.unit, 20), name = ht::measure(m.name), at = conditions(m.context);
            if (!unit.isEmpty() && !name.endsWith(unit)) value += u' ' + unit;
            m_lines.push_back({.name = name, .value = value, .middle = at, .full = u"%1 %2\n%3\n%4"_s.arg(name, value, at, tr("%1 samples").arg(m.samples)).trimmed()});
        }
        if (m_run.measurements.size() > kMostMeasures) add(tr("More"), tr("%1 more in the comparison and the exports").arg(m_run.measurements.size() - kMostMeasures));
    }

    void machine() {
        heading(tr("Machine"));
        add(tr("Device"), ht::plain(m_run.summary.device));
        if (m_run.accelerator) {
            add(tr("Card"), ht::plain(m_run.accelerator->name));
            add(tr("Driver, runtime"), ht::plain(m_run.accelerator->driver, 40) + u", "_s + ht::plain(m_run.accelerator->runtime, 40));
        }
        add(tr("Processor"), tr("%1, %2 cores").arg(ht::plain(m_run.machine.cpu)).arg(m_run.machine.cores));
        add(tr("Memory"), QString::fromStdString(formatBytes(std::uint64_t(std::max<std::int64_t>(m_run.machine.memoryBytes, 0)))));
        add(tr("System"), ht::plain(m_run.machine.os), ht::plain(m_run.machine.os + ", " + m_run.machine.kernel));
        add(tr("Program"), ht::plain(m_run.programVersion, 60), ht::plain(m_run.versions, 1000));
    }

    void repeats() {
        if (m_passport.repeats.empty()) return;
        heading(tr("Reproduced"));
        for (const RunPassport::Repeat& repeat : m_passport.repeats) m_lines.push_back(repeated(repeat));
        if (m_passport.moreRepeats > 0) add(tr("More"), tr("%1 older ones: rerun:%2").arg(m_passport.moreRepeats).arg(m_run.summary.id.value));
    }

    /// The measure that speaks for both runs, and by how much it moved.
    FactLine repeated(const RunPassport::Repeat& repeat) const {
        FactLine line{.name = u"#%1 %2"_s.arg(repeat.run.id.value).arg(ht::when(repeat.run.started)), .value = ht::status(repeat.run.status), .run = repeat.run.id.value};
        QStringList details;
        bool hasMeasure = false, isClock = false, moved = false;
        for (const MeasurementDiff& m : repeat.diff.measurements) {
            if (!m.a || !m.b) continue;
            const bool timing = m.unit == "s" || m.unit == "ms" || m.unit.ends_with("/s");
            const std::string verdict = m.verdict();
            const bool drifted = !timing && verdict != "identical" && verdict != "within_error";
            moved = moved || drifted;
            if (details.size() < qsizetype(kMostDetails))
                details.append(u"%1: %2 → %3"_s.arg(ht::measure(m.name), ht::number(*m.a), ht::number(*m.b)));
            if (hasMeasure && (timing || !isClock)) continue; // what was measured says more than how long it took
            hasMeasure = true;
            isClock = timing;
            line.middle = ht::measure(m.name) + u' ' + ht::number(*m.b);
            const double percent = 100 * m.relative.value_or(0);
            line.value = *m.a == *m.b ? tr("identical") : m.relative ? (percent < 0 ? u"−"_s : u"+"_s) + QString::number(std::abs(percent), 'f', 1) + u'%' : tr("changed");
            line.tone = drifted ? FactTone::Drift : FactTone::Good;
        }
        if (hasMeasure && moved) line.tone = FactTone::Drift;
        for (const FieldDiff& field : repeat.diff.fields)
            if (details.size() < qsizetype(2 * kMostDetails)) details.append(u"%1: %2 → %3"_s.arg(ht::plain(field.name, 60), ht::plain(field.a, 120), ht::plain(field.b, 120)));
        line.full = details.join(u'\n');
        return line;
    }

    const RunPassport& m_passport;
    const RunDetail& m_run;
    std::vector<FactLine> m_lines;
};

} // namespace

std::vector<FactLine> factLines(const RunPassport& passport) {
    return Lines(passport).all();
}

} // namespace moa

#include "ui/views/history_run_panel.h"

#include "ui/viewmodels/run_fact_lines.h"
#include "ui/viewmodels/history_text.h"
#include "ui/widgets/history/run_facts.h"
#include "ui/widgets/history/tag_row.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kNoteLines = 3;

Role roleOf(FactTone tone) {
    switch (tone) {
    case FactTone::Good: return Role::Ok;
    case FactTone::Drift: return Role::Warn;
    case FactTone::Bad: return Role::Error;
    case FactTone::Plain: break;
    }
    return Role::Text;
}

std::vector<RunFact> painted(const std::vector<FactLine>& lines) {
    std::vector<RunFact> facts;
    for (const FactLine& line : lines)
        facts.push_back({line.name, line.value, line.full, roleOf(line.tone), line.isMono, line.isHeading, line.run, line.middle});
    return facts;
}

} // namespace

HistoryRunPanel::HistoryRunPanel(HistoryModel& model, QWidget* parent)
    : Panel(tr("Run"), parent), m_model(model), m_chip(new Chip({}, ChipTone::Dense)), m_reproduce(new QPushButton(tr("Reproduce"))),
      m_open(new QPushButton(tr("Open"))), m_report(new QPushButton(tr("Report…"))), m_hint(new QLabel), m_none(new QLabel),
      m_facts(new RunFacts(tr("Passport"))), m_tags(new TagRow), m_note(new QPlainTextEdit), m_content(new QWidget) {
    addHeaderWidget(m_chip);
    scrollBody();
    auto* column = new QVBoxLayout(m_content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    m_reproduce->setProperty("primary", true);
    m_open->setToolTip(tr("Opens what it used in its own page (Enter or double click in the table)"));
    m_report->setToolTip(tr("One HTML file of the chosen runs that needs nothing else"));
    for (QPushButton* button : {m_reproduce, m_open, m_report}) buttons->addWidget(button);
    buttons->addStretch(1);
    m_hint->setWordWrap(true);
    m_hint->setTextFormat(Qt::PlainText);
    m_none->setWordWrap(true);
    m_note->setAccessibleName(tr("Note"));
    m_note->setPlaceholderText(tr("A note; words of it are found by the query"));
    m_note->setTabChangesFocus(true);
    m_note->installEventFilter(this);
    column->addLayout(buttons);
    column->addWidget(m_hint);
    column->addWidget(m_tags);
    column->addWidget(m_note);
    column->addWidget(m_facts);
    body()->addWidget(m_none);
    body()->addWidget(m_content);
    body()->addStretch(1);
    connect(m_reproduce, &QPushButton::clicked, &m_model, &HistoryModel::reproduce);
    connect(m_open, &QPushButton::clicked, this, &HistoryRunPanel::openAsked);
    connect(m_report, &QPushButton::clicked, this, &HistoryRunPanel::reportAsked);
    connect(m_tags, &TagRow::added, &m_model, &HistoryModel::addTag);
    connect(m_tags, &TagRow::removed, &m_model, &HistoryModel::removeTag);
    connect(m_facts, &RunFacts::runAsked, &m_model, [this](qint64 run) { m_model.show(RunId(run)); });
    connect(&m_model, &HistoryModel::passportChanged, this, &HistoryRunPanel::refresh);
    connect(&m_model, &HistoryModel::chosenChanged, this, &HistoryRunPanel::refreshActions);
    connect(&m_model, &HistoryModel::stateChanged, this, &HistoryRunPanel::refreshActions);
    connect(&m_model, &HistoryModel::reproducingChanged, this, &HistoryRunPanel::refreshActions);
    connect(&Theme::instance(), &Theme::changed, this, &HistoryRunPanel::refresh);
    refresh();
}

void HistoryRunPanel::focusTags() {
    m_tags->field().setFocus(Qt::ShortcutFocusReason);
}

void HistoryRunPanel::refresh() {
    const auto passport = m_model.passport();
    if (m_model.current() && !passport) return; // the old one stays until the new one is read
    m_none->setVisible(!passport);
    m_content->setVisible(passport != nullptr);
    m_chip->setVisible(passport != nullptr);
    m_note->setFixedHeight(QFontMetrics(m_note->font()).lineSpacing() * kNoteLines + 14);
    styleLabel(m_none, TextStyle::Table, Role::Text2);
    m_none->setText(tr("Choose a run to see what it started from, where it ran and what it measured."));
    if (!passport) {
        saveNote();
        m_noteRun = 0;
        return setTitle(tr("Run"));
    }
    const RunDetail& run = passport->detail;
    setTitle(tr("Run #%1").arg(run.summary.id.value));
    m_chip->setText(history_text::kind(run.summary.command));
    m_facts->setFacts(painted(factLines(*passport)));
    QStringList tags;
    for (const std::string& tag : run.tags) tags.append(history_text::plain(tag, 64));
    m_tags->setTags(tags);
    const QString note = history_text::plainLines(run.note);
    if (m_noteRun != run.summary.id.value) saveNote();
    // What is being typed is not replaced by what is stored.
    if (m_noteRun != run.summary.id.value || !m_note->hasFocus()) {
        const QSignalBlocker quiet(m_note);
        m_note->setPlainText(note);
        m_savedNote = note;
    }
    m_noteRun = run.summary.id.value;
    refreshActions();
}

void HistoryRunPanel::refreshActions() {
    QStringList known;
    for (const Facet& facet : m_model.found().facets)
        if (facet.field == "tag")
            for (const FacetValue& value : facet.values) known.append(history_text::plain(value.value, 64));
    m_tags->setKnown(known);
    m_tags->setWritable(m_model.canWrite());
    m_note->setReadOnly(!m_model.canWrite());
    const QString obstacle = m_model.reproduceObstacle();
    m_reproduce->setEnabled(obstacle.isEmpty());
    m_reproduce->setText(m_model.reproducing() != nullptr ? tr("Repeating…") : tr("Reproduce"));
    const DriftReport* drift = m_model.drift();
    styleLabel(m_hint, TextStyle::Caption, drift == nullptr ? Role::Text2 : drift->isSame() ? Role::Ok : Role::Warn);
    const std::size_t chosen = m_model.chosen().size();
    QString text = drift != nullptr        ? tr("Repeated as #%1: %2").arg(drift->run).arg(history_text::plain(drift->text().toStdString(), 400))
                   : obstacle.isEmpty() ? tr("Repeats the same command, prompt, plan and seed, then reports any drift.")
                                        : obstacle;
    if (chosen > 1) text += u' ' + tr("Tags go to all %1 chosen runs.").arg(chosen);
    m_hint->setText(text);
}

void HistoryRunPanel::saveNote() {
    const QString now = m_note->toPlainText();
    if (m_noteRun == 0 || now == m_savedNote || !m_model.canWrite()) return;
    m_savedNote = now;
    m_model.setNote(RunId(m_noteRun), now);
}

bool HistoryRunPanel::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_note && event->type() == QEvent::FocusOut) saveNote();
    if (watched == m_note && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Return && key->modifiers().testFlag(Qt::ControlModifier)) {
            saveNote();
            return true;
        }
        if (key->key() == Qt::Key_Escape) {
            m_note->setPlainText(m_savedNote);
            return true;
        }
    }
    return Panel::eventFilter(watched, event);
}

} // namespace moa

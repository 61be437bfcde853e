// A form of four rows.
#include "ui/views/profile_dialog.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/inspect/spin_arrows.h"
#include "ui/widgets/shell/painting.h"

#include <QCheckBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeast = 256, kMostLength = 1 << 17, kColumns = 5, kMostSamples = 1000, kWidth = 520;
const QStringList kTasks{u"lines"_s, u"facts"_s, u"passkey"_s};

} // namespace

ProfileDialog::ProfileDialog(const ProfileWish& wish, int context, QWidget* parent)
    : QDialog(parent), m_start(wish), m_samples(new QSpinBox), m_note(new QLabel) {
    setWindowTitle(tr("Profile"));
    m_samples->setRange(1, kMostSamples);
    m_samples->setValue(wish.samples);
    m_samples->setAccessibleName(tr("Samples per length"));
    new SpinArrows(m_samples);
    m_note->setWordWrap(true);
    auto* form = new QFormLayout;
    form->setVerticalSpacing(10);
    form->addRow(tr("Calibration set"), dataRow(wish.data));
    form->addRow(tr("Lengths, tokens"), lengthsGrid(wish.lengths, context));
    form->addRow(tr("Samples per length"), m_samples);
    form->addRow(tr("Profile file"), fileRow(wish.file));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
    m_begin = buttons->addButton(tr("Profile"), QDialogButtonBox::AcceptRole);
    m_begin->setProperty("primary", true);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(12);
    column->setSizeConstraint(QLayout::SetMinimumSize); // no row is ever squeezed
    column->addLayout(form);
    column->addWidget(m_note);
    column->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_samples, &QSpinBox::valueChanged, this, &ProfileDialog::refresh);
    connect(m_file, &QLineEdit::textChanged, this, &ProfileDialog::refresh);
    refresh();
    resize(kWidth, heightForWidth(kWidth) > 0 ? heightForWidth(kWidth) : sizeHint().height());
}

QWidget* ProfileDialog::dataRow(const QStringList& chosen) {
    auto* box = new QWidget;
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    for (const QString& task : kTasks) {
        auto* check = new QCheckBox(task);
        check->setChecked(chosen.contains(task));
        check->setToolTip(tr("Built-in task; the dense model writes the answers"));
        connect(check, &QCheckBox::toggled, this, &ProfileDialog::refresh);
        row->addWidget(check);
        m_tasks[task] = check;
    }
    for (const QString& source : chosen)
        if (!kTasks.contains(source)) m_prompts = source;
    m_promptsButton = new QPushButton;
    m_promptsButton->setProperty("small", true);
    m_promptsButton->setToolTip(tr("JSON Lines with a prompt a line, and a response where you have one; the dense model writes the others"));
    connect(m_promptsButton, &QPushButton::clicked, this, [this] {
        if (m_prompts.isEmpty()) return askForPrompts();
        m_prompts.clear();
        refresh();
    });
    row->addStretch(1);
    row->addWidget(m_promptsButton);
    return box;
}

QWidget* ProfileDialog::lengthsGrid(const std::vector<int>& chosen, int context) {
    auto* box = new QWidget;
    auto* grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(6);
    std::vector<int> offered = chosen;
    for (int n = kLeast; n <= std::min(context, kMostLength); n *= 2) offered.push_back(n);
    std::ranges::sort(offered);
    offered.erase(std::ranges::unique(offered).begin(), offered.end());
    for (const int n : offered) {
        if (n > context) continue;
        auto* check = new QCheckBox(search_text::shortLength(n));
        check->setAccessibleName(tr("%1 tokens").arg(n));
        check->setChecked(std::ranges::find(chosen, n) != chosen.end());
        connect(check, &QCheckBox::toggled, this, &ProfileDialog::refresh);
        const int at = int(m_lengths.size());
        grid->addWidget(check, at / kColumns, at % kColumns);
        m_lengths[n] = check;
    }
    return box;
}

QWidget* ProfileDialog::fileRow(const QString& file) {
    auto* box = new QWidget;
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    m_file = new QLineEdit(file);
    m_file->setAccessibleName(tr("Profile file"));
    auto* browse = new QPushButton(tr("Browse…"));
    browse->setProperty("small", true);
    connect(browse, &QPushButton::clicked, this, &ProfileDialog::askForFile);
    row->addWidget(m_file, 1);
    row->addWidget(browse);
    return box;
}

void ProfileDialog::askForPrompts() {
    auto* dialog = new QFileDialog(this, tr("Calibration prompts"), {}, tr("Prompts (*.jsonl);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        m_prompts = path;
        refresh();
    });
    dialog->open();
}

void ProfileDialog::askForFile() {
    auto* dialog = new QFileDialog(this, tr("Profile into"), m_file->text(), tr("Profiles (*.moaprofile)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(u"moaprofile"_s);
    dialog->setOption(QFileDialog::DontConfirmOverwrite); // an earlier profile is added to, never overwritten
    connect(dialog, &QFileDialog::fileSelected, m_file, &QLineEdit::setText);
    dialog->open();
}

ProfileWish ProfileDialog::wish() const {
    ProfileWish wish = m_start;
    wish.file = m_file->text().trimmed();
    wish.samples = m_samples->value();
    wish.data.clear();
    for (const QString& task : kTasks)
        if (m_tasks.at(task)->isChecked()) wish.data.append(task);
    if (!m_prompts.isEmpty()) wish.data.append(m_prompts);
    wish.lengths.clear();
    for (const auto& [length, check] : m_lengths)
        if (check->isChecked()) wish.lengths.push_back(length);
    return wish;
}

QString ProfileDialog::problem() const {
    const ProfileWish now = wish();
    if (now.data.isEmpty()) return tr("Choose at least one task or a file of prompts.");
    if (now.lengths.empty()) return tr("Choose at least one length.");
    if (now.file.isEmpty()) return tr("Name the file to write.");
    if (!QFileInfo(QFileInfo(now.file).absolutePath()).isDir()) return tr("The file's folder does not exist.");
    return {};
}

void ProfileDialog::refresh() {
    m_promptsButton->setText(m_prompts.isEmpty() ? tr("Prompts from a file…") : tr("Without %1").arg(QFileInfo(m_prompts).fileName()));
    if (m_begin == nullptr) return; // while the rows are made
    const QString why = problem();
    m_begin->setEnabled(why.isEmpty());
    styleLabel(m_note, TextStyle::Caption, why.isEmpty() ? Role::Text2 : Role::Warn);
    const ProfileWish now = wish();
    m_note->setText(!why.isEmpty() ? why
                                   : tr("%1 samples in all. Samples that the file already holds of this model and set are kept; pause and cancel at any time.")
                                         .arg(int(now.lengths.size()) * now.samples));
}

} // namespace moa
